"""The outbound client: where it may call, what it gives up on, and what each failure says about the effect."""

import asyncio
import gzip
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from torg_shared.http import Answer, Circuit, NotSent, Outbound, OutcomeUnknown
from torg_shared.testing import free_port

from .conftest import answer

Serving = Callable[..., Any]


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    made = Outbound(["127.0.0.1"], allow_private=True, max_body=100_000)
    yield made
    await made.close()


def resolving_to(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Names resolve to the addresses given, one answer per question; the questions asked are returned."""
    asked: list[str] = []
    left = list(answers)

    async def look_up(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(2, 1, 6, "", (address, port)) for address in left.pop(0).split()]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    return asked


async def nothing_written(request: bytes, reader: Any, writer: Any) -> None:
    writer.write(answer(b"{}"))
    await writer.drain()


class TestWhatIsCalled:
    async def test_request_arrives_once_with_its_parts(self, outbound: Outbound, serving: Serving) -> None:
        bodies: list[bytes] = []

        async def script(request: bytes, reader: Any, writer: Any) -> None:
            bodies.append(await reader.readexactly(len(b"message=Hei+%C3%A6%C3%B8%C3%A5")))
            writer.write(answer(b'{"id":"1_2"}', "200 OK", "X-App-Usage: {}"))
            await writer.drain()

        async with serving(script) as peer:
            got = await outbound.request(
                "post",
                f"{peer.url}/v23.0/1/comments",
                params={"a": "b c"},
                form={"message": "Hei æøå"},
                headers={"Authorization": "Bearer x"},
            )

        assert (got.status, got.json(), got.headers["x-app-usage"]) == (200, {"id": "1_2"}, "{}")
        assert bodies == [b"message=Hei+%C3%A6%C3%B8%C3%A5"]
        (request,) = peer.requests
        lines = request.decode().split("\r\n")
        assert lines[0] == "POST /v23.0/1/comments?a=b+c HTTP/1.1"
        assert {f"Host: 127.0.0.1:{peer.port}".lower(), "connection: close", "accept-encoding: identity"} <= {
            line.lower() for line in lines
        }

    async def test_redirect_is_an_answer_and_is_not_followed(self, outbound: Outbound, serving: Serving) -> None:
        async def script(request: bytes, reader: Any, writer: Any) -> None:
            writer.write(answer(b"", "302 Found", "Location: http://169.254.169.254/latest/meta-data"))
            await writer.drain()

        async with serving(script) as peer:
            got = await outbound.request("GET", peer.url)

        assert (got.status, len(peer.requests)) == (302, 1)

    async def test_proxy_of_the_environment_is_not_used(self, serving: Serving, monkeypatch: Any) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
        outbound = Outbound(["127.0.0.1"], allow_private=True)
        async with serving(nothing_written) as peer:
            assert (await outbound.request("GET", peer.url)).status == 200
        await outbound.close()

    @pytest.mark.parametrize(
        "url",
        [
            "https://evil.example/",
            "https://graph.facebook.com.evil.example/",
            "https://evilgraph.facebook.com/",
            "https://graph.facebook.com@evil.example/",
            "https://user:secret@graph.facebook.com/",
            "https://graph.facebook.com./",
            "http://graph.facebook.com/",
            "https://graph.facebook.com:8443/",
            "https://fbcdn.net/",
            "https://notfbcdn.net/",
            "file:///etc/passwd",
            "ftp://graph.facebook.com/",
            "gopher://graph.facebook.com/",
            "//graph.facebook.com/",
            "https://",
            "https://[::1/",
            "",
        ],
    )
    async def test_only_https_to_listed_hosts(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = resolving_to(monkeypatch)
        outbound = Outbound(["graph.facebook.com", ".fbcdn.net"])

        with pytest.raises(NotSent) as refused:
            await outbound.request("GET", url)

        assert asked == []
        assert "secret" not in str(refused.value)
        await outbound.close()

    @pytest.mark.parametrize("host", ["graph.facebook.com", "GRAPH.facebook.com", "scontent.osl1.fbcdn.net"])
    async def test_listed_hosts_are_looked_up(self, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = resolving_to(monkeypatch, "127.0.0.1")
        outbound = Outbound(["graph.facebook.com", ".fbcdn.net"])

        with pytest.raises(NotSent, match="an address inside a network"):
            await outbound.request("GET", f"https://{host}/")

        assert asked == [host.lower()]
        await outbound.close()

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "2130706433",
            "0177.0.0.1",
            "0x7f.1",
            "169.254.169.254",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "localhost",
        ],
    )
    async def test_literals_are_refused_by_their_address_too(self, host: str) -> None:
        """In every notation the system knows; the list of hosts alone would have to know them all."""
        outbound = Outbound([host.strip("[]"), "127.0.0.1", "::1", "::ffff:a00:1"])

        with pytest.raises(NotSent):
            await outbound.request("GET", f"https://{host}/")

        await outbound.close()

    async def test_one_inner_address_among_outer_ones_refuses_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        resolving_to(monkeypatch, "157.240.0.1 10.0.0.1")
        outbound = Outbound(["graph.facebook.com"])

        with pytest.raises(NotSent, match="inside a network"):
            await outbound.request("GET", "https://graph.facebook.com/")

        await outbound.close()

    async def test_name_is_resolved_once_and_the_checked_address_called(
        self, serving: Serving, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outbound = Outbound(["platform.test"], allow_private=True)
        async with serving(nothing_written) as peer:
            asked = resolving_to(monkeypatch, "127.0.0.1", "127.0.0.99", "127.0.0.99")
            got = await outbound.request("GET", f"http://platform.test:{peer.port}/x")

        assert (got.status, asked) == (200, ["platform.test"])
        assert f"host: platform.test:{peer.port}".encode() in peer.requests[0]
        await outbound.close()

    async def test_next_address_is_tried_while_nothing_was_sent(
        self, serving: Serving, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outbound = Outbound(["platform.test"], allow_private=True)
        async with serving(nothing_written) as peer:
            resolving_to(monkeypatch, "127.0.0.99 127.0.0.1")
            got = await outbound.request("POST", f"http://platform.test:{peer.port}/x")

        assert (got.status, len(peer.requests)) == (200, 1)
        await outbound.close()


class TestEffect:
    """What an exception says about the effect is what the responder stakes a second post on."""

    async def test_refused_connection_is_not_sent(self, outbound: Outbound) -> None:
        with pytest.raises(NotSent):
            await outbound.request("POST", f"http://127.0.0.1:{free_port()}/")

    async def test_unknown_name_is_not_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def unknown(*_: Any, **__: Any) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
        outbound = Outbound(["does-not-exist.invalid"], allow_private=True)

        with pytest.raises(NotSent, match="name not found"):
            await outbound.request("POST", "https://does-not-exist.invalid/")

        await outbound.close()

    async def test_failing_tls_is_not_sent(self, outbound: Outbound) -> None:
        got: list[bytes] = []

        async def no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            got.append(await reader.read(1))
            writer.write(b"220 speaks something else\r\n")
            await reader.read()
            writer.close()

        server = await asyncio.start_server(no_tls, "127.0.0.1", 0)
        with pytest.raises(NotSent, match="ConnectError"):
            await outbound.request("POST", f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")

        assert got == [b"\x16"]  # a TLS record: no byte of HTTP
        server.close()

    @pytest.mark.parametrize("value", ["Bearer a\r\nb: c", "Bearer ", "Bearer å", "a\0b"])
    async def test_header_that_cannot_be_written_is_not_sent(
        self, value: str, outbound: Outbound, serving: Serving
    ) -> None:
        async with serving(nothing_written) as peer:
            with pytest.raises(NotSent, match="header"):
                await outbound.request("POST", peer.url, headers={"Authorization": value})

        assert peer.requests == []

    @pytest.mark.parametrize(
        "written",
        [
            pytest.param(b"", id="closed without an answer"),
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", id="cut answer"),
            pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", id="cut chunk"),
            pytest.param(b"garbage\r\n\r\n", id="no HTTP"),
            pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000, id="endless header"),
            pytest.param(answer(b"x" * 200_000), id="too large"),
            pytest.param(answer(b"{}", "200 OK", "Content-Encoding: br"), id="unknown encoding"),
            pytest.param(answer(b"not gzip", "200 OK", "Content-Encoding: gzip"), id="broken gzip"),
            pytest.param(answer(gzip.compress(b"{}")[:-9], "200 OK", "Content-Encoding: gzip"), id="cut gzip"),
        ],
    )
    async def test_unreadable_answer_is_unknown(self, written: bytes, outbound: Outbound, serving: Serving) -> None:
        async def script(request: bytes, reader: Any, writer: Any) -> None:
            writer.write(written)
            await writer.drain()

        async with serving(script) as peer:
            with pytest.raises(OutcomeUnknown):
                await outbound.request("POST", peer.url, form={"message": "x"})

        assert len(peer.requests) == 1

    async def test_reset_after_write_is_unknown(self, outbound: Outbound, serving: Serving) -> None:
        async def script(request: bytes, reader: Any, writer: Any) -> None:
            writer.transport.abort()

        async with serving(script) as peer:
            with pytest.raises(OutcomeUnknown):
                await outbound.request("POST", peer.url, form={"message": "x"})

        assert len(peer.requests) == 1

    async def test_silence_after_write_ends_at_the_deadline(self, outbound: Outbound, serving: Serving) -> None:
        async def script(request: bytes, reader: Any, writer: Any) -> None:
            await asyncio.Event().wait()

        async with serving(script) as peer:
            with pytest.raises(OutcomeUnknown, match="deadline"):
                await outbound.request("POST", peer.url, deadline_s=0.2)

    async def test_trickled_body_ends_at_the_deadline(self, outbound: Outbound, serving: Serving) -> None:
        async def script(request: bytes, reader: Any, writer: Any) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)

        async with serving(script) as peer:
            with pytest.raises(OutcomeUnknown, match="deadline"):
                await outbound.request("GET", peer.url, deadline_s=0.3)

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    async def test_bomb_is_cut_before_it_unfolds(self, encoding: str, outbound: Outbound, serving: Serving) -> None:
        bomb = (gzip.compress if encoding == "gzip" else zlib.compress)(b"\0" * 50_000_000)
        assert len(bomb) < 100_000

        async def script(request: bytes, reader: Any, writer: Any) -> None:
            writer.write(answer(bomb, "200 OK", f"Content-Encoding: {encoding}"))
            await writer.drain()

        async with serving(script) as peer:
            with pytest.raises(OutcomeUnknown, match="too large"):
                await outbound.request("GET", peer.url)

    async def test_packed_answer_is_unpacked(self, outbound: Outbound, serving: Serving) -> None:
        async def script(request: bytes, reader: Any, writer: Any) -> None:
            writer.write(answer(gzip.compress(b'{"a":1}'), "200 OK", "Content-Encoding: gzip"))
            await writer.drain()

        async with serving(script) as peer:
            assert (await outbound.request("GET", peer.url)).json() == {"a": 1}

    async def test_calls_beyond_those_in_flight_are_not_sent(self, serving: Serving) -> None:
        outbound = Outbound(["127.0.0.1"], allow_private=True, in_flight=1)
        arrived, go = asyncio.Event(), asyncio.Event()

        async def script(request: bytes, reader: Any, writer: Any) -> None:
            arrived.set()
            await go.wait()
            await nothing_written(request, reader, writer)

        async with serving(script) as peer:
            first = asyncio.create_task(outbound.request("POST", peer.url))
            await arrived.wait()
            with pytest.raises(NotSent):
                await outbound.request("POST", peer.url, deadline_s=0.1)
            go.set()
            assert (await first).status == 200
        await outbound.close()

    async def test_exceptions_tell_no_secret(self, outbound: Outbound) -> None:
        with pytest.raises(NotSent) as told:
            await outbound.request(
                "POST",
                f"http://127.0.0.1:{free_port()}/secret-path",
                params={"access_token": "secret-token"},
                form={"message": "secret-text"},
                headers={"Authorization": "Bearer secret-token"},
            )

        assert "secret" not in f"{told.value} {told.value!r}"


async def test_tls_checks_the_name_though_the_address_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, server_context = _certificate(tmp_path, "platform.test")
    names: list[str | None] = []
    server_context.sni_callback = lambda _socket, name, _context: names.append(name)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"{}"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=server_context)
    port = server.sockets[0].getsockname()[1]
    trusting = ssl.create_default_context(cafile=str(certificate))
    outbound = Outbound(["platform.test", "other.test"], allow_private=True, tls=trusting)
    resolving_to(monkeypatch, "127.0.0.1", "127.0.0.1")

    assert (await outbound.request("GET", f"https://platform.test:{port}/")).status == 200
    with pytest.raises(NotSent):
        await outbound.request("POST", f"https://other.test:{port}/")

    assert names == ["platform.test", "other.test"]
    await outbound.close()
    server.close()


def _certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return certificate, context


class TestCircuit:
    async def test_opens_after_failures_in_a_row_and_closes_by_one_success(self, serving: Serving) -> None:
        now = [0.0]
        circuit = Circuit(failures=2, open_s=30, clock=lambda: now[0])
        outbound = Outbound(["127.0.0.1"], allow_private=True, circuit=circuit)
        status = ["500 Internal Server Error"]

        async def script(request: bytes, reader: Any, writer: Any) -> None:
            writer.write(answer(b"{}", status[0]))
            await writer.drain()

        async with serving(script) as peer:
            for _ in range(2):
                assert (await outbound.request("GET", peer.url)).status == 500
            with pytest.raises(NotSent, match="circuit"):
                await outbound.request("GET", peer.url)
            assert (circuit.is_open, len(peer.requests)) == (True, 2)

            now[0], status[0] = 31.0, "200 OK"
            assert (await outbound.request("GET", peer.url)).status == 200
            assert (await outbound.request("GET", peer.url)).status == 200
        assert not circuit.is_open
        await outbound.close()

    def test_only_one_caller_tries_after_the_pause(self) -> None:
        now = [0.0]
        circuit = Circuit(failures=1, open_s=30, clock=lambda: now[0])
        circuit.note(ok=False)
        now[0] = 31.0

        assert [circuit.admit(), circuit.admit()] == [True, False]

    async def test_our_own_refusal_is_not_the_platform_s_failure(self) -> None:
        circuit = Circuit(failures=1)
        outbound = Outbound(["127.0.0.1"], circuit=circuit)

        for _ in range(3):
            with pytest.raises(NotSent, match="allow-list"):
                await outbound.request("GET", "https://evil.example/")

        assert not circuit.is_open
        await outbound.close()


class TestAnswer:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b'{"a":[1,"\xc3\xa6"]}', {"a": [1, "æ"]}),
            (b'"\\ud800"', "\ud800"),
            (b"<html>502 Bad Gateway</html>", None),
            (b"", None),
            (b'{"a":NaN}', None),
            (b"[" * 100_000, None),
            (b"\xff\xfe{", None),
        ],
    )
    def test_json_of_hostile_bodies(self, body: bytes, expected: Any) -> None:
        assert Answer(200, {}, body).json() == expected

    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            ("17", 17.0),
            ("Mon, 07 Dec 2026 12:00:30 GMT", 30.0),
            ("Mon, 07 Dec 2026 11:00:00 GMT", 0.0),
            ("soon", None),
            ("-5", None),
            ("", None),
        ],
    )
    def test_retry_after_in_seconds(self, header: str, expected: float | None) -> None:
        now = datetime(2026, 12, 7, 12, 0, 0, tzinfo=UTC)

        assert Answer(429, {"retry-after": header}, b"").retry_after_s(now) == expected
