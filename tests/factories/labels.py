"""Labels as other producers write them: the forms of public files, with invented numbers."""

import json

from guiju.labelling.models import Producer
from guiju.labelling.service import Labeller

CODE = "001191440300708461136T1WFUO"
OTHER = "001191110102MACQD9K64010000"
OUR_ID = "0192a0e4-0000-7000-8000-000000000001"
BARE = json.dumps({"Label": "1", "ContentProducer": OTHER, "ProduceID": "u:1/task:e5118399"}, separators=(",", ":"))
WRAPPED = json.dumps({"AIGC": json.loads(BARE)})


def labeller() -> Labeller:
    return Labeller(Producer(CODE))
