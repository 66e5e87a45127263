"""Settings of whatever may fetch."""

import dataclasses

from albert.fields import check_fields, setting


@dataclasses.dataclass(frozen=True)
class FetchSettings:
    """Settings of downloads."""

    offline: bool = setting(
        False, "Never use the network: what is given by the name of its release must be on this machine; as HF_HUB_OFFLINE=1."
    )

    def __post_init__(self):
        check_fields(self)
