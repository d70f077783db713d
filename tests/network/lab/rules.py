"""What the routers of each mode do, as rules of nftables."""

from tests.network.lab.modes import Mode


KNOWN = "ct state established,related accept"
TO_LAN = 'iifname "pub" meta l4proto udp'

NO_UDP = "meta l4proto udp drop"
NO_TCP = "meta l4proto tcp drop"
NO_UDP_REFUSED = "meta l4proto udp reject"
ONLY_443 = "tcp dport 443 accept; tcp sport 443 accept; drop"
ONLY_443_REFUSED = "tcp dport 443 accept; tcp sport 443 accept; reject"
NOTHING = "drop"
"""For `Router.block`, which says these of what it forwards."""


def of_router(mode: Mode, client: str) -> str:
    """The rules of the router a client with this address is behind."""
    return _table(_translation(mode, client), _forward(mode))


def of_carrier() -> str:
    """The rules of the provider's NAT."""
    masquerade = 'oifname "pub" masquerade'
    return _table({"postrouting": masquerade}, [KNOWN, 'iifname "lan" accept'])


def blocking(rules: str) -> str:
    """A table before the others, with rules on what is forwarded; empty for none."""
    said = "\n".join(rules.split(";"))
    return f"""
        table inet block
        delete table inet block
        table inet block {{
          chain forward {{
            type filter hook forward priority -10
            {said}
          }}
        }}
    """


def _translation(mode: Mode, client: str) -> dict[str, str]:
    """Rules of the chains that translate addresses."""
    port = " fully-random" if mode.mapping == "address and port" else ""
    chains = {"postrouting": f'oifname "pub" meta nfproto ipv4 masquerade{port}'}
    if mode.filtering == "endpoint":
        chains["prerouting"] = f"{TO_LAN} dnat ip to {client}"
    if mode.filtering == "address":
        chains["prerouting"] = f"{TO_LAN} ip saddr @known dnat ip to {client}"
    return chains


def _forward(mode: Mode) -> list[str]:
    """Rules on what is forwarded, in their order; what none accepts is dropped."""
    verdict = "reject" if mode.refused else "drop"
    if mode.proxy:
        return ["drop"]
    if mode.way == "tls":
        return [KNOWN, 'iifname "lan" tcp dport 443 accept', verdict]
    if mode.way == "tcp":
        return [f"meta l4proto udp {verdict}", KNOWN, 'iifname "lan" accept']
    return [*_from_outside(mode), KNOWN, 'iifname "lan" accept']


def _from_outside(mode: Mode) -> list[str]:
    if mode.filtering == "endpoint":
        return [f"{TO_LAN} accept"]
    if mode.filtering == "address":
        learn = 'oifname "pub" meta l4proto udp add @known { ip daddr timeout 2m }'
        return [learn, f"{TO_LAN} ip saddr @known accept"]
    return []


def _table(translation: dict[str, str], forward: list[str]) -> str:
    hooks = {"prerouting": -100, "postrouting": 100}
    chains = "".join(
        f"chain {hook} {{ type nat hook {hook} priority {hooks[hook]}\n{rule}\n}}\n"
        for hook, rule in translation.items()
    )
    # Without the first chain, an early packet from outside takes the port, and the NAT
    # is no longer the kind it should be.
    return f"""
        flush ruleset
        table inet nat {{
          set known {{ type ipv4_addr; flags dynamic,timeout; timeout 2m; }}
          chain input {{
            type filter hook input priority 0; policy drop
            {KNOWN}
            iifname {{ "lan", "lo" }} accept
            icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept
          }}
          chain forward {{
            type filter hook forward priority 0; policy drop
            {chr(10).join(forward)}
          }}
          {chains}
        }}
    """
