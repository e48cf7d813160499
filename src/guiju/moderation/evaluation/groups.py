"""Which group of people a text mentions, by words; so that it shows whom a classifier treats worse."""

from collections.abc import Mapping, Sequence

GROUPS: Mapping[str, tuple[str, ...]] = {
    "女性 / women": ("女人", "女性", "女生", "女孩", "女的", "女权", "妇女", "姑娘", "母亲", "妻子", "婆婆", "大妈"),
    "男性 / men": ("男人", "男性", "男生", "男孩", "男的", "男权", "父亲", "丈夫", "大叔"),
    "同性恋与跨性别 / LGBT": ("同性恋", "男同", "女同", "跨性别", "变性", "双性恋"),
    "黑人 / Black people": ("黑人", "非洲人", "非裔"),
    "白人 / White people": ("白人", "欧洲人"),
    "日本 / Japan": ("日本",),
    "韩国 / Korea": ("韩国", "朝鲜"),
    "美国 / United States": ("美国",),
    "印度与南亚 / South Asia": ("印度", "巴基斯坦", "孟加拉"),
    "东南亚 / South-East Asia": ("越南", "泰国", "缅甸", "菲律宾", "印尼", "马来西亚"),
    "东北 / North-East": ("东北",),
    "河南 / Henan": ("河南",),
    "上海 / Shanghai": ("上海",),
    "广东 / Guangdong": ("广东", "深圳", "广州"),
    "北京 / Beijing": ("北京",),
    "台湾 / Taiwan": ("台湾",),
    "香港 / Hong Kong": ("香港",),
    "新疆与西藏 / Xinjiang and Tibet": ("新疆", "西藏", "维吾尔", "藏族"),
    "少数民族 / ethnic minorities": ("少数民族", "回族", "蒙古族", "满族", "苗族", "彝族"),
    "农村与外地 / rural, from elsewhere": ("农村", "乡下", "农民工", "外地人"),
    "穆斯林 / Muslims": ("穆斯林", "伊斯兰", "清真"),
    "基督教 / Christians": ("基督", "天主教", "教会"),
    "佛教与道教 / Buddhists, Daoists": ("佛教", "和尚", "道教", "道士"),
    "老年人 / older people": ("老人", "老年", "大爷", "老头"),
    "年轻人 / younger people": ("年轻人", "小孩", "儿童", "九零后", "零零后", "90后", "00后"),
    "残疾与疾病 / disability, illness": ("残疾", "聋", "盲人", "自闭症", "抑郁", "乙肝", "艾滋", "癌症", "精神病"),
    "职业 / occupations": ("医生", "护士", "教师", "老师", "保安", "保洁", "外卖", "快递员", "程序员", "律师"),
}  # fmt: skip
"""Name → words. The words only sort texts for a table; none of them says anything about a text."""


def groups_in(text: str) -> Sequence[str]:
    """Return the names of the groups whose words stand in `text`."""
    return [name for name, words in GROUPS.items() if any(word in text for word in words)]
