"""Run by the interpreter that has LiteLLM: `python litellm_client.py BASE_URL KEY`; prints what it got as JSON."""

import json
import sys

import litellm

ASK = [{"role": "user", "content": "你好"}]


def main(base_url: str, key: str) -> None:
    common = {"base_url": base_url, "api_key": key, "num_retries": 0}
    whole = litellm.completion(model="openai/m", messages=ASK, **common)
    stream = litellm.completion(model="openai/m", messages=ASK, stream=True, **common)
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    anthropic = litellm.completion(
        model="anthropic/m", messages=ASK, base_url=base_url.removesuffix("/v1"), api_key=key, num_retries=0
    )
    print(  # noqa: T201 - the answer to the test that started it
        json.dumps(
            {
                "whole": whole.choices[0].message.content,
                "tokens": whole.usage.total_tokens,
                "streamed": streamed,
                "messages": anthropic.choices[0].message.content,
            }
        )
    )


main(*sys.argv[1:])
