"""`guiju label-key`: the keys that labels are signed with: shown to hand to others, rotated."""

import typer

from guiju.cli.inputs import read_settings
from guiju.cli.terminal import note, say
from guiju.kit.clock import SystemClock
from guiju.kit.errors import ConfigurationError
from guiju.labelling.configuration import load_label_settings
from guiju.labelling.security.interface import SigningScheme
from guiju.labelling.security.keys import public_keys, rotate

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("show")
def show() -> None:
    """列出标识签名的公钥（十六进制），最后一个是现用的。/ List public keys in hex, the present one last."""
    settings = read_settings()
    keys = public_keys(settings.var / "keys")
    for one in keys:
        say(f"{one.since}  {one.scheme}  {one.key.hex()}")
    wanted = load_label_settings(settings.resolved_config).sign
    if wanted is SigningScheme.NONE:
        note("! 现在不签名；在 guiju.yaml 的 labels 中设 sign: ed25519 或 sm2。/ Labels are not signed now.")
    elif not keys:
        note("! 还没有密钥；第一次加标识时建立。/ There is no key yet; it is made with the first label.")


@app.command("rotate")
def change() -> None:
    """销毁现用密钥，另建一个；以前的签名仍可核验。/ Destroy the key, make another; old signatures stay verifiable."""
    settings = read_settings()
    wanted = load_label_settings(settings.resolved_config).sign
    if wanted is SigningScheme.NONE:
        raise ConfigurationError(
            "现在不签名，没有可轮换的密钥。",
            "Labels are not signed now: there is no key to rotate.",
            where="labels.sign",
        )
    signer = rotate(settings.var / "keys", wanted, now=SystemClock().now())
    say(f"{wanted.value}  {signer.public_key.hex()}")
    note("! 请重启正在运行的服务，使其改用新密钥。/ Restart what is running, so that it uses the new key.")
