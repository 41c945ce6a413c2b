"""How the Prometheus provider shows that it may ask: TLS, passwords, headers, tokens; and what gateways do to it."""

from __future__ import annotations

import asyncio
import base64
import datetime
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import pytest_asyncio
from aiohttp import web
from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bluegreen.metrics import Context
from bluegreen.metrics.prometheus import Prometheus
from bluegreen.ports import Reading
from tests.metrics.servers.measuring import Measuring
from tests.metrics.servers.prometheus import prometheus_server
from tests.metrics.servers.shop import serving

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]
PASSWORD = "s3cret-of-prometheus"
HASHED = "$2b$04$dODqh7GKk39kK4HyfuAIqOGU92poXGf8EOxmOt1ei6vHFCMduDSce"
WEB_CONFIG = """\
tls_server_config: {{cert_file: {folder}/cert.pem, key_file: {folder}/key.pem}}
basic_auth_users: {{reader: {hashed}}}
"""
NAMED = base64.b64encode(b"shop:client-secret").decode()
SECRETS = {"password": f"{PASSWORD}\n", "wrong": "not-the-password"}
BASIC = {"basic": {"username": "reader", "password": "{{args.password}}"}}


@frozen
class Guarded:
    """A real Prometheus behind TLS and a password: its address, and its certificate in PEM form."""

    address: str
    certificate: str


def certify(folder: Path) -> str:
    """Writes key.pem and cert.pem for localhost, signed by itself, and returns the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(plain)
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    return certificate.public_bytes(pem).decode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Guarded]:
    """A server that asks for both."""
    folder = tmp_path_factory.mktemp("guarded")
    certificate = certify(folder)
    config = folder / "web.yml"
    config.write_text(WEB_CONFIG.format(folder=folder, hashed=HASHED))
    ready = f"https://reader:{PASSWORD}@"
    async with prometheus_server(folder, "127.0.0.1:9", web_config=str(config), ready=ready) as (address, _):
        yield Guarded(f"https://localhost:{address.rpartition(':')[2]}", certificate)


@pytest_asyncio.fixture(loop_scope="module")
async def measuring() -> AsyncGenerator[Measuring]:
    """Providers of the test's own, with secrets."""
    async with Measuring(SECRETS) as found:
        yield found


async def test_a_password_and_a_certificate_open_the_door(guarded: Guarded, measuring: Measuring) -> None:
    """The secret ends with a line end, as files do."""
    query = {"address": guarded.address, "query": "vector(1)", "authentication": BASIC, "ca": guarded.certificate}
    assert await measuring.value("prometheus", query) == [1.0]


async def test_so_does_a_password_in_the_address(guarded: Guarded, measuring: Measuring) -> None:
    address = guarded.address.replace("https://", f"https://reader:{PASSWORD}@")
    query = {"address": address, "query": "vector(1)", "ca": guarded.certificate}
    assert await measuring.value("prometheus", query) == [1.0]


async def test_who_is_found_elsewhere_shows_the_certificate_of_the_name_that_was_written(guarded: Guarded) -> None:
    here = guarded.address.replace("https://localhost", "127.0.0.1")
    provider = Prometheus(Context("shop", hosts={"localhost:9090": here}))
    basic = {"basic": {"username": "reader", "password": PASSWORD}}
    query = {"address": "https://localhost:9090", "query": "vector(1)", "authentication": basic}
    try:
        found = await provider.measure({**query, "ca": guarded.certificate})
        assert isinstance(found, Reading)
        assert found.result == [1.0]
    finally:
        await provider.close()


async def test_a_certificate_need_not_be_checked(guarded: Guarded, measuring: Measuring) -> None:
    query = {"address": guarded.address, "query": "vector(1)", "authentication": BASIC, "insecure": True}
    assert await measuring.value("prometheus", query) == [1.0]


async def test_a_certificate_of_nobody_is_refused_for_good(guarded: Guarded, measuring: Measuring) -> None:
    query = {"address": guarded.address, "query": "vector(1)", "authentication": BASIC}
    outcome = await measuring.outcome("prometheus", query)
    assert "certificate that is not trusted" in outcome.error
    assert not outcome.retry


async def test_a_wrong_password_is_an_error_for_a_person(guarded: Guarded, measuring: Measuring) -> None:
    basic = {"basic": {"username": "reader", "password": "{{args.wrong}}"}}
    query = {"address": guarded.address, "query": "vector(1)", "authentication": basic, "insecure": True}
    outcome = await measuring.outcome("prometheus", query)
    assert "answered 401" in outcome.error
    assert not outcome.retry


async def test_plain_words_to_a_server_that_speaks_tls_are_an_error(guarded: Guarded, measuring: Measuring) -> None:
    query = {"address": guarded.address.replace("https", "http"), "query": "vector(1)"}
    outcome = await measuring.outcome("prometheus", query)
    assert "answered 400" in outcome.error


class Gate:
    """A gateway that lets through who has the right token, and gives tokens to those who may have them."""

    def __init__(self) -> None:
        self.valid = "token-1"
        self.given = 0
        self.asked = list[web.Request]()
        self.only_form = False

    async def token(self, request: web.Request) -> web.Response:
        """RFC 6749, 4.4: the client's name and secret in a header, or in the form."""
        form = parse_qs(await request.text())
        assert form["grant_type"] == ["client_credentials"]
        assert form["scope"] == ["read metrics"]
        header = request.headers.get("Authorization", "")
        named = header == f"Basic {NAMED}" and not self.only_form
        if not named and form.get("client_secret") != ["client-secret"]:
            return web.json_response({"error": "invalid_client", "sent": header}, status=401)
        self.given += 1
        self.valid = f"token-{self.given}"
        return web.json_response({"access_token": self.valid, "token_type": "Bearer", "expires_in": 3600})

    async def query(self, request: web.Request) -> web.Response:
        """The API, for those who have the newest token; it repeats what it does not like."""
        self.asked.append(request)
        header = request.headers.get("Authorization", "")
        if header != f"Bearer {self.valid}":
            return web.json_response({"status": "error", "error": f"not {header}"}, status=401)
        data = {"resultType": "scalar", "result": [0, "1"]}
        return web.json_response({"status": "success", "data": data})


@pytest_asyncio.fixture(loop_scope="module")
async def gate() -> AsyncGenerator[tuple[Gate, str]]:
    """A gateway, and where it listens."""
    found = Gate()
    async with serving(web.post("/token", found.token), web.post("/api/v1/query", found.query)) as address:
        yield found, f"http://{address}"


def behind(url: str, secret: str = "client-secret") -> dict[str, object]:
    """A query that gets its token at the gateway's own token server."""
    fields = {"tokenUrl": f"{url}/token", "clientId": "shop", "clientSecret": secret, "scopes": ["read", "metrics"]}
    return {"address": url, "query": "1", "authentication": {"oauth2": fields}}


async def test_a_token_is_asked_for_once_and_used_again(gate: tuple[Gate, str], measuring: Measuring) -> None:
    found, url = gate
    assert [await measuring.value("prometheus", behind(url)) for _ in range(3)] == [1.0] * 3
    assert found.given == 1


async def test_a_token_server_that_reads_the_form_only_gets_one(gate: tuple[Gate, str], measuring: Measuring) -> None:
    found, url = gate
    found.only_form = True
    assert await measuring.value("prometheus", behind(url)) == 1.0


async def test_a_token_that_was_withdrawn_is_replaced_at_once(gate: tuple[Gate, str], measuring: Measuring) -> None:
    found, url = gate
    assert await measuring.value("prometheus", behind(url)) == 1.0
    found.valid = "another"
    assert await measuring.value("prometheus", behind(url)) == 1.0
    assert found.given == 2


async def test_a_refused_client_is_told_so_without_its_secret(gate: tuple[Gate, str], measuring: Measuring) -> None:
    _, url = gate
    outcome = await measuring.outcome("prometheus", behind(url, "another-secret"))
    assert "the token server" in outcome.error
    assert "invalid_client" in outcome.error
    assert "another-secret" not in outcome.error
    assert not outcome.retry


async def test_a_bearer_token_goes_in_a_header_and_an_echo_of_it_is_hidden(
    gate: tuple[Gate, str], measuring: Measuring
) -> None:
    """It stands in the manifest itself here, so that nobody but the provider can know it for a secret."""
    found, url = gate
    headers = [{"key": "authorization", "value": "Bearer token-1"}, {"key": "X-Scope-OrgID", "value": "shop"}]
    query = {"address": url, "query": "1", "headers": headers}
    assert await measuring.value("prometheus", query) == 1.0
    assert found.asked[0].headers["X-Scope-OrgID"] == "shop"
    found.valid = "another"
    outcome = await measuring.outcome("prometheus", query)
    assert outcome.error.startswith(f"{url.removeprefix('http://')} answered 401: not ***")


async def test_where_only_get_passes_the_query_is_asked_with_get(measuring: Measuring) -> None:
    async def query(request: web.Request) -> web.Response:
        data = {"resultType": "scalar", "result": [0, request.query["query"]]}
        return web.json_response({"status": "success", "data": data})

    async with serving(web.get("/api/v1/query", query)) as address:  # a POST is answered 405
        assert await measuring.value("prometheus", {"address": f"http://{address}", "query": "7"}) == 7.0


@pytest.mark.parametrize("parameter", ["partial_response=false", "deny_partial_response=1"])
async def test_who_would_answer_in_part_is_told_not_to(parameter: str, measuring: Measuring) -> None:
    """Thanos takes the one, VictoriaMetrics the other."""
    data = {"resultType": "vector", "result": [{"metric": {}, "value": [0, "1"]}]}

    async def query(request: web.Request) -> web.Response:
        if parameter in await request.text():
            return web.json_response({"status": "error", "error": "store-2 is down"}, status=503)
        return web.json_response({"status": "success", "data": data, "warnings": ["store-2 is down"]})

    async with serving(web.post("/api/v1/query", query)) as address:
        outcome = await measuring.outcome("prometheus", {"address": f"http://{address}", "query": "up"})
    assert "answered 503: store-2 is down" in outcome.error
    assert outcome.retry


async def test_warnings_are_counted_in_the_log(measuring: Measuring, caplog: pytest.LogCaptureFixture) -> None:
    """Their words may repeat the query, and with it a secret."""

    async def query(_request: web.Request) -> web.Response:
        data = {"resultType": "scalar", "result": [0, "1"]}
        return web.json_response({"status": "success", "data": data, "warnings": ["no counter: s3cret_metric"]})

    async with serving(web.post("/api/v1/query", query)) as address:
        await measuring.value("prometheus", {"address": f"http://{address}", "query": "s3cret_metric"})
    assert f"{address} gave an answer with 1 warnings" in caplog.text
    assert "s3cret_metric" not in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "success", "isPartial": True, "data": {"resultType": "vector", "result": []}},
        {"status": "error", "errorType": "execution", "error": "a store is down"},
        {"status": "success"},
        {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}}]}},
        {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [0, "many"]}]}},
        {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "histogram": [0, {}]}]}},
        {"status": "success", "data": {"resultType": "streams", "result": []}},
        [],
    ],
)
async def test_an_answer_that_is_not_whole_or_of_another_kind_is_an_error_and_never_no_data(
    answer: object, measuring: Measuring
) -> None:
    async def query(_request: web.Request) -> web.Response:
        return web.json_response(answer)

    async with serving(web.post("/api/v1/query", query)) as address:
        outcome = await measuring.outcome("prometheus", {"address": f"http://{address}", "query": "1"})
    assert outcome.error
    assert not outcome.no_data


@asynccontextmanager
async def closing_kept_connections() -> AsyncGenerator[tuple[str, list[bytes]]]:
    """A server that answers the first request of each connection, and closes it when a second one comes."""
    asked = list[bytes]()
    body = b'{"status": "success", "data": {"resultType": "scalar", "result": [0, "1"]}}'
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for number in range(2):
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                await reader.readexactly(int(length.partition(b":")[2]))
                asked.append(head)
                if number == 0:
                    writer.write(answer)
                    await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"{host}:{port}", asked


async def test_a_kept_connection_that_breaks_off_is_no_error_of_a_query(measuring: Measuring) -> None:
    async with closing_kept_connections() as (address, _):
        query = {"address": f"http://{address}", "query": "1"}
        assert [await measuring.value("prometheus", query) for _ in range(3)] == [1.0] * 3


async def test_a_post_that_may_do_something_is_not_sent_twice(measuring: Measuring) -> None:
    async with closing_kept_connections() as (address, asked):
        query = {"url": f"http://{address}/", "method": "POST", "body": "once", "jsonPath": "{$.status}"}
        assert await measuring.value("web", query) == "success"
        outcome = await measuring.outcome("web", query)
        assert "broke off before it answered" in outcome.error
        assert len(asked) == 2
