"""Data packets: whatever comes over a channel, what others get was stamped with the name of who sent it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol.models import DataPacket, DataStream, RpcRequest, SipDTMF, UserPacket

from tests.fakes.engine import data
from tests.fuzz.mutation import budget, mutated
from tests.protocols.livekit.party import Party

VALID = [
    packet.SerializeToString()
    for packet in (
        DataPacket(sequence=7, user=UserPacket(payload=b"hello", topic="t", destination_identities=["11"])),
        DataPacket(kind=DataPacket.LOSSY, participant_identity="11", user=UserPacket(payload=b"as another")),
        DataPacket(sequence=8, rpc_request=RpcRequest(id="1", method="m", payload="p")),
        DataPacket(stream_header=DataStream.Header(stream_id="s", topic="t", total_length=9)),
        DataPacket(stream_chunk=DataStream.Chunk(stream_id="s", chunk_index=1, content=b"c")),
        DataPacket(sip_dtmf=SipDTMF(code=1, digit="1"), destination_identities=["11", "12"]),
    )
]


@given(st.lists(st.tuples(mutated(VALID), st.booleans()), min_size=1, max_size=20))
@budget(200)
async def test_nobody_speaks_in_anothers_name(packets: list[tuple[bytes, bool]]) -> None:
    party = Party()
    ann, bob = await party.join("10"), await party.join("11")
    party.engine.take()
    party.happen(*(data(ann.sid, payload, reliable) for payload, reliable in packets))
    for _, receivers, _, payload in party.engine.take("send_data"):
        packet = DataPacket.FromString(payload)  # type: ignore[arg-type]
        assert (packet.participant_identity, packet.participant_sid) == ("10", ann.sid)
        assert tuple(receivers) == (bob.sid,)  # type: ignore[arg-type]
        assert packet.WhichOneof("value") not in (None, "speaker")
    party.happen(data(bob.sid, VALID[2]))
    assert party.engine.take("send_data"), "bob's data still goes on"
