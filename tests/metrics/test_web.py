"""The web provider beside a service that answers whatever a test needs; and JSONPath as Argo writes it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from bluegreen.errors import BackendError, PermanentBackendError
from bluegreen.metrics import Context
from bluegreen.metrics.web import Web, compiled
from bluegreen.ports import NoData, Reading
from tests.metrics.servers.measuring import Measuring
from tests.metrics.servers.shop import serving

BODY = {"data": {"ok": True, "rates": [0.97, 0.99], "none": None, "a.b": "dotted"}, "items": [{"n": "x", "v": 7}]}


@pytest.fixture
async def provider() -> AsyncGenerator[Web]:
    """A provider of the test's own."""
    found = Web(Context("shop"))
    yield found
    await found.close()


def answering(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | web.Response | None = None, method: str = "*"
) -> Any:
    """A service that answers any path like this; with nothing said, with BODY."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if isinstance(answer, web.Response):
            return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
        return await answer(request) if answer else web.json_response(BODY)

    return serving(web.route(method, "/{path:.*}", handle))


class TestBesideAService:
    """A service of the test's own, on loopback."""

    pytestmark = pytest.mark.real

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("{$.data.ok}", True),
            ("{.data.ok}", True),
            ("$.data.ok", True),
            ("data.ok", True),
            ("{ $.data.rates }", [0.97, 0.99]),
            ("{$.data.rates[*]}", 0.97),
            ("{$.data.rates[-1]}", 0.99),
            ("{$.data['a.b']}", "dotted"),
            ('{.items[?(@.n=="x")].v}', 7),
            ("{$..v}", 7),
            ("{$}", BODY),
            ("{@}", BODY),
            ("", BODY),
        ],
    )
    async def test_a_path_gives_what_it_finds_first(self, path: str, value: object, provider: Web) -> None:
        async with answering() as address:
            assert await provider.measure({"url": f"http://{address}/", "jsonPath": path}) == Reading(value)

    @pytest.mark.parametrize("path", ["{$.data.nothing}", "{$.data.none}", '{$.items[?(@.n=="y")].v}', "{$.items[3]}"])
    async def test_a_path_to_nothing_is_no_data(self, path: str, provider: Web) -> None:
        """The service answered as it should, and had nothing to say: what that means is for onNoData to say."""
        async with answering() as address:
            assert await provider.measure({"url": f"http://{address}/", "jsonPath": path}) == NoData()

    async def test_what_is_no_json_is_text_as_long_as_nobody_wants_a_path_in_it(self, provider: Web) -> None:
        async with answering(web.Response(text="<h1>all fine</h1>", content_type="text/html")) as address:
            assert await provider.measure({"url": f"http://{address}/"}) == "<h1>all fine</h1>"
            with pytest.raises(BackendError, match="not JSON: all fine") as caught:
                await provider.measure({"url": f"http://{address}/", "jsonPath": "{$.ok}"})
            assert not caught.value.permanent

    @pytest.mark.parametrize("method", ["POST", "PUT"])
    async def test_a_body_is_sent_as_it_stands_and_json_as_json(self, method: str, provider: Web) -> None:
        async def echo(request: web.Request) -> web.StreamResponse:
            return web.json_response([request.method, request.headers.get("Content-Type"), await request.text()])

        async with answering(echo) as address:
            query = {"url": f"http://{address}/", "method": method}
            typed = [{"key": "content-type", "value": "text/plain"}]
            plain = await provider.measure({**query, "body": "ping ä", "headers": typed})
            assert plain == Reading([method, "text/plain", "ping ä"])
            structured = await provider.measure({**query, "jsonBody": {"ask": [1, "ü"]}})
            assert structured == Reading([method, "application/json", '{"ask": [1, "\\u00fc"]}'])

    @pytest.mark.parametrize(
        ("status", "permanent"),
        [(400, True), (401, True), (403, True), (404, False), (429, False), (500, False), (503, False), (304, False)],
    )
    async def test_a_status_other_than_2xx_is_an_error(self, status: int, permanent: bool, provider: Web) -> None:
        async with answering(web.Response(status=status, headers={"Retry-After": "7"})) as address:
            with pytest.raises(BackendError, match=f"{address} answered {status}") as caught:
                await provider.measure({"url": f"http://{address}/?secret=in-the-url"})
        assert caught.value.permanent is permanent
        assert caught.value.retry_after_s == (None if permanent else 7)
        assert "in-the-url" not in str(caught.value)

    async def test_a_server_may_say_with_a_date_when_to_come_back(self, provider: Web) -> None:
        when = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
        async with answering(web.Response(status=503, headers={"Retry-After": when})) as address:
            with pytest.raises(BackendError) as caught:
                await provider.measure({"url": f"http://{address}/"})
        assert caught.value.retry_after_s == pytest.approx(60, abs=5)

    async def test_an_answer_that_takes_too_long_is_an_error_within_its_time(self, provider: Web) -> None:
        async def never(_request: web.Request) -> web.StreamResponse:
            await asyncio.sleep(30)
            return web.Response()

        async with answering(never) as address, asyncio.timeout(5):
            with pytest.raises(BackendError, match=r"no answer within 0\.2 s"):
                await provider.measure({"url": f"http://{address}/", "timeoutSeconds": "0.2"})

    async def test_an_answer_that_trickles_for_ever_is_cut_off_by_time(self, provider: Web) -> None:
        async def trickle(request: web.Request) -> web.StreamResponse:
            answer = web.StreamResponse()
            await answer.prepare(request)
            while True:
                await answer.write(b" ")
                await asyncio.sleep(0.05)

        async with answering(trickle) as address, asyncio.timeout(5):
            with pytest.raises(BackendError, match="no answer within 1 s"):
                await provider.measure({"url": f"http://{address}/", "timeoutSeconds": 1})

    @pytest.mark.parametrize("packed", [False, True])
    async def test_an_answer_that_is_too_large_is_cut_off_also_when_it_came_packed(
        self, packed: bool, provider: Web
    ) -> None:
        body = b'"' + b"0" * (50 << 20 if packed else 2 << 20) + b'"'
        headers = {"Content-Encoding": "gzip"} if packed else {}
        async with answering(web.Response(body=gzip.compress(body) if packed else body, headers=headers)) as address:
            with pytest.raises(PermanentBackendError, match="more than 1024 KiB"):
                await provider.measure({"url": f"http://{address}/"})

    async def test_a_redirect_is_followed_within_the_host_with_its_headers(self, provider: Web) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            if request.path == "/old":
                raise web.HTTPFound("/new?x=1")
            return web.json_response([request.path_qs, request.headers["X-Token"]])

        async with answering(answer) as address:
            query = {"url": f"http://{address}/old", "headers": [{"key": "X-Token", "value": "t"}]}
            assert await provider.measure(query) == Reading(["/new?x=1", "t"])

    async def test_a_redirect_to_another_host_is_not_followed(self, provider: Web) -> None:
        """A token must not be carried to where a redirect leads, and a page to log in is no measurement."""
        asked = list[web.Request]()

        async def note(request: web.Request) -> web.StreamResponse:
            asked.append(request)
            return web.json_response(BODY)

        async with answering(note) as other:
            redirect = web.Response(status=302, headers={"Location": f"http://{other}/?back=here"})
            async with answering(redirect) as address:
                with pytest.raises(PermanentBackendError, match=f"redirects to another server, {other}"):
                    await provider.measure({"url": f"http://{address}/"})
        assert asked == []

    async def test_a_circle_of_redirects_comes_to_an_end(self, provider: Web) -> None:
        async with answering(web.Response(status=307, headers={"Location": "/round"})) as address:
            with pytest.raises(PermanentBackendError, match="in a circle"):
                await provider.measure({"url": f"http://{address}/"})

    async def test_a_post_is_not_made_a_get_by_a_redirect(self, provider: Web) -> None:
        async with answering(web.Response(status=301, headers={"Location": "/new"})) as address:
            with pytest.raises(PermanentBackendError, match="redirects a POST"):
                await provider.measure({"url": f"http://{address}/", "method": "POST", "body": "x"})

    async def test_a_secret_that_a_server_repeats_is_hidden_even_where_it_is_cut(self) -> None:
        """The engine hides whole secrets: half of one it would not know."""
        secret = "abcdefghijklmnopqrstuvwxyz"

        async def repeat(request: web.Request) -> web.StreamResponse:
            return web.Response(status=500, text="x" * 185 + " " + (await request.json())["token"])

        async with answering(repeat) as address, Measuring({"token": secret}) as measuring:
            query = {"url": f"http://{address}/", "method": "POST", "jsonBody": {"token": "{{args.token}}"}}
            outcome = await measuring.outcome("web", query)
        assert "answered 500: xxx" in outcome.error
        assert secret[:4] not in outcome.error

    async def test_a_header_with_a_line_break_is_refused_without_showing_it(self, provider: Web) -> None:
        query = {"url": "http://127.0.0.1:9/", "headers": [{"key": "X-Token", "value": "abc\r\nX-Other: def"}]}
        with pytest.raises(PermanentBackendError, match="X-Token") as caught:
            await provider.measure(query)
        assert "def" not in str(caught.value)

    async def test_a_long_search_holds_up_nothing_else(self, provider: Web) -> None:
        """Gates, deadlines and probes share the loop with it."""
        body = {"a": [{"b": number % 10, "c": [1, 2, 3]} for number in range(30_000)]}
        longest_s = 0.0

        async def tick() -> None:
            nonlocal longest_s
            while True:
                began = asyncio.get_running_loop().time()
                await asyncio.sleep(0.01)
                longest_s = max(longest_s, asyncio.get_running_loop().time() - began)

        async with answering(web.json_response(body)) as address:
            ticking = asyncio.create_task(tick())
            assert await provider.measure({"url": f"http://{address}/", "jsonPath": "{$..x}"}) == NoData()
            await asyncio.sleep(0.1)
            ticking.cancel()
        assert longest_s < 1.5

    async def test_deep_nesting_is_no_way_to_bring_it_down(self, provider: Web) -> None:
        async with answering(web.Response(text="[" * 100_000 + "]" * 100_000)) as address:
            with pytest.raises(BackendError):
                await provider.measure({"url": f"http://{address}/", "jsonPath": "{$..a}"})

    async def test_a_certificate_that_is_none_is_refused(self, provider: Web) -> None:
        ca = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n"
        with pytest.raises(PermanentBackendError, match="ca holds no certificate"):
            await provider.measure({"url": "https://127.0.0.1:9/", "ca": ca})

    async def test_a_server_that_does_not_speak_tls_is_an_error(self, provider: Web) -> None:
        async with answering() as address:
            with pytest.raises(BackendError, match=f"{address} does not speak TLS as it should") as caught:
                await provider.measure({"url": f"https://{address}/"})
        assert not caught.value.permanent

    async def test_a_host_that_is_not_there_is_named(self, provider: Web) -> None:
        with pytest.raises(BackendError, match=r"nowhere\.invalid:80 cannot be found") as caught:
            await provider.measure({"url": "http://user:hidden-password@nowhere.invalid/path?key=hidden"})
        assert "hidden" not in str(caught.value)
        assert not caught.value.permanent

    async def test_a_closed_provider_can_be_closed_again(self, provider: Web) -> None:
        async with answering() as address:
            await provider.measure({"url": f"http://{address}/"})
        await provider.close()
        await provider.close()


@pytest.mark.parametrize(
    "path",
    [
        "{$.data[}",
        "{$.a} {$.b}",
        "{range .items[*]}{.v}{end}",
        "{$.a | $.b}",
        "$." + "a" * 1001,
        "{$.items[?(@.n=]}",
        "{$..a..b}",
        "{$.items[?(@..a == 1)]}",
        "{$.items[?(@.a == $.b)]}",
        "{$.items[?search(@.a, '(a+)+$')]}",
        "{$.items[?match(@.a, 'a')]}",
    ],
)
def test_a_path_that_cannot_be_used_is_found_when_the_manifest_is_loaded(path: str) -> None:
    (problem,) = Web.check({"url": "http://shop/", "jsonPath": path})
    assert problem.path == ("jsonPath",)
    with pytest.raises(ValueError, match=r"\w"):
        compiled(path)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "url: it is missing"),
        ({"url": "shop/healthz"}, "url: that is no URL"),
        ({"url": "ftp://shop/"}, "url: that is no URL"),
        ({"url": "http://shop:99999/"}, "url: that is no URL"),
        ({"url": "http://shop/", "jsonpath": "{$.a}"}, "jsonpath: unknown field (did you mean jsonPath?)"),
        ({"url": "http://shop/", "method": "DELETE"}, "method: one of GET, POST, PUT is needed"),
        ({"url": "http://shop/", "body": "x"}, "body: a GET has no body"),
        ({"url": "http://shop/", "method": "PUT", "body": "x", "jsonBody": {}}, "jsonBody: there is a body as well"),
        ({"url": "http://shop/", "timeoutSeconds": 0}, "timeoutSeconds: a number of seconds above 0"),
        ({"url": "http://shop/", "timeoutSeconds": "soon"}, "timeoutSeconds: a number of seconds above 0"),
        ({"url": "http://shop/", "insecure": "yes"}, "insecure: true or false"),
        ({"url": "http://shop/", "headers": {"X": "y"}}, "headers: a list is needed"),
        ({"url": "http://shop/", "headers": [{"key": "X"}]}, "headers.0: a header has a key and a value"),
        ({"url": "http://shop/", "ca": "/etc/ca.pem"}, "ca: a certificate in PEM form"),
        ({"url": "http://shop/", "authentication": {"sigv4": {"region": "eu"}}}, "authentication.sigv4: AWS's"),
        ({"url": "http://shop/", "authentication": {"oauth2": {}}}, "authentication.oauth2.tokenUrl: it is missing"),
        ({"url": "http://shop/", "authentication": {"basic": "ann"}}, "authentication.basic: a mapping is needed"),
    ],
)
def test_what_is_wrong_with_a_query_is_found_when_the_manifest_is_loaded(query: Any, said: str) -> None:
    assert any(str(one).startswith(said) for one in Web.check(query)), [str(one) for one in Web.check(query)]


def test_placeholders_may_stand_anywhere() -> None:
    assert not Web.check(
        {
            "url": "{{args.scheme}}://{{args.host}}/",
            "method": "{{args.method}}",
            "body": "{{args.body}}",
            "timeoutSeconds": "{{args.limit}}",
            "jsonPath": "{$.{{args.field}}}",
            "headers": [{"key": "Authorization", "value": "Bearer {{args.token}}"}],
            "ca": "{{args.ca}}",
            "authentication": {"basic": {"username": "{{args.user}}", "password": "{{args.password}}"}},
        }
    )
