"""What can run on one machine, said before anything starts."""

from typing import Any

import pytest
from attrs import evolve

from bluegreen.backends.local import check
from bluegreen.backends.local.check import first_free_port, plan, split_address
from bluegreen.backends.local.pod import Exec, HttpGet, Pod, Probe, Sleep, TcpSocket, read_pod
from bluegreen.spec import BlueGreen, LocalSpec, ProbeSpec, Rollout, RolloutPolicy, RouterSpec, Service, ServicePort

BOX = "spec.template.spec.containers.0"
LISTEN = "add to the RolloutPolicy's spec: local: {listen: {shop: 127.0.0.1:8080, shop-preview: 127.0.0.1:8081}}"


def container(**fields: Any) -> dict[str, Any]:
    """A container that can run, with other fields."""
    return {"name": "shop", "image": "shop:v1", "command": ["run"], **fields}


def rollout(*, pod: Any = None, box: Any = None, listen: Any = None, services: Any = None, **fields: Any) -> Rollout:
    """A rollout that can run, with other fields."""
    ports = {"shop": 8080, "shop-preview": 8081} if services is None else services
    return Rollout(
        name="shop",
        strategy=fields.pop("strategy", BlueGreen("shop", "shop-preview")),
        template={"spec": {"containers": [container(**(box or {}))], **(pod or {})}},
        services=tuple(Service(name, (ServicePort(port, 80),)) for name, port in ports.items()),
        policy=fields.pop("policy", RolloutPolicy(local=LocalSpec(listen=listen or {}))),
        **fields,
    )


def errors(one: Rollout, lowest_port: int = 1024) -> list[str]:
    """Its problems, as people read them."""
    return [str(problem) for problem in check(one, lowest_port=lowest_port)[0]]


def test_a_plain_rollout_has_neither_problems_nor_warnings() -> None:
    assert check(rollout(), lowest_port=1024) == ([], [])


def test_all_that_changes_what_the_program_sees_is_refused_at_once_each_at_its_place() -> None:
    box = {
        "envFrom": [{"secretRef": {"name": "db"}}],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}],
        "lifecycle": {"postStart": {"exec": {"command": ["x"]}}},
    }
    pod = {"volumes": [{"name": "data"}], "initContainers": [{"name": "first"}]}
    problems, _ = check(rollout(pod=pod, box=box), lowest_port=1024)
    spec = ("spec", "template", "spec")
    first = (*spec, "containers", 0)
    assert {problem.path for problem in problems} == {
        (*spec, "volumes"),
        (*spec, "initContainers"),
        (*first, "envFrom"),
        (*first, "volumeMounts"),
        (*first, "env", 1, "valueFrom"),
        (*first, "lifecycle", "postStart"),
    }
    assert all(problem.remedy for problem in problems)


def test_what_only_tunes_a_cluster_is_a_warning() -> None:
    pod = {"affinity": {"podAntiAffinity": {}}, "tolerations": [{}], "volumes": [], "nodeSelector": {}}
    box = {"resources": {"limits": {"cpu": "1"}}, "livenessProbe": {"tcpSocket": {"port": 80}}, "envFrom": []}
    one = rollout(pod=pod, box=box, strategy=BlueGreen("shop", "shop-preview", anti_affinity={"x": 1}))
    problems, warnings = check(one, lowest_port=1024)
    assert problems == []
    assert {str(path.path[-1]) for path in warnings} == {
        *("affinity", "tolerations", "resources", "livenessProbe", "antiAffinity")
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"box": {"command": None}}, [
         f"{BOX}.command: the container has no command, and an image cannot be run on one machine (add to the "
         "RolloutPolicy's spec, with the program that the image would start: local: {command: [python, app.py]})"]),
        ({"services": {"shop": 8080, "shop-preview": 8080}}, [
         "Service.shop-preview.spec.ports.0.port: Services shop and shop-preview would both listen on port 8080 of this "
         f"machine ({LISTEN})"]),
        ({"services": {"shop": 80, "shop-preview": 8081}}, [
         "Service.shop.spec.ports.0.port: Service shop may not listen on port 80: those below 1024 need a right "
         f"({LISTEN})"]),
        ({"services": {"shop": 8080}}, [
         "spec.policy.local.listen: nothing says on which port Service shop-preview listens "
         f"({LISTEN})"]),
        ({"listen": {"shopp": "127.0.0.1:8080"}}, [
         "spec.policy.local.listen.shopp: no Service of this rollout is named 'shopp' "
         "(there is shop and shop-preview)"]),
        ({"listen": {"shop": "8080"}}, [
         f"spec.policy.local.listen.shop: '8080' is no address: host:port was expected ({LISTEN})"]),
        ({"box": {"comand": ["x"]}}, [f"{BOX}.comand: unknown field (did you mean command?)"]),
        ({"box": {"readinessProbe": {"grpc": {"port": 80}}}}, [
         f"{BOX}.readinessProbe.grpc: cannot be honoured on one machine: probe it by httpGet, tcpSocket or exec "
         "(remove it)",
         f"{BOX}.readinessProbe: exactly one of exec, httpGet, tcpSocket was expected, as an object"]),
        ({"box": {"readinessProbe": {"httpGet": {"port": 9090}}}}, [f"{BOX}.readinessProbe.httpGet.port: a replica has "
         "one port here, in PORT: the one that the Services call 80, not 9090 (use port 80, or exec)"]),
        ({"box": {"readinessProbe": {"httpGet": {"port": "web"}}, "ports": [{"name": "http", "containerPort": 80}]}}, [
         f"{BOX}.readinessProbe.httpGet.port: 'web' is no port of the container; its named ports are: http"]),
        ({"pod": {"containers": [container(), container(name="b")]}}, [
         "spec.template.spec.containers: 2 containers: one machine runs exactly one (keep one)"]),
    ],
)  # fmt: skip
def test_each_problem_says_its_place_and_the_remedy(changes: dict[str, Any], expected: list[str]) -> None:
    assert errors(rollout(**changes)) == expected


def test_low_ports_are_fine_for_who_has_the_right() -> None:
    assert errors(rollout(services={"shop": 80, "shop-preview": 81}), lowest_port=1) == []
    assert 0 <= first_free_port() <= 65536


def test_listen_overrides_the_services_ports() -> None:
    listen = {"shop": "0.0.0.0:9000", "shop-preview": "[::1]:9000"}
    planned, _ = plan(rollout(listen=listen, services={}), lowest_port=1024)
    assert planned is None, "every interface and one of them clash"
    listen = {"shop": "127.0.0.1:9000", "shop-preview": "[::1]:9000"}
    planned, found = plan(rollout(listen=listen, services={"shop": 80, "shop-preview": 80}), lowest_port=1024)
    assert found.problems == []
    assert planned is not None
    assert planned.listen == listen
    assert planned.port == 80


def test_a_port_by_name_leads_to_the_container_s() -> None:
    box = {"ports": [{"name": "admin", "containerPort": 9}, {"name": "http", "containerPort": 8000}]}
    one = rollout(box={**box, "readinessProbe": {"httpGet": {"port": "http"}}})
    named = evolve(one, services=tuple(Service(s.name, (ServicePort(s.ports[0].port, "http"),)) for s in one.services))
    planned, found = plan(named, lowest_port=1024)
    assert found.problems == []
    assert planned is not None
    assert planned.port == 8000
    lost = evolve(one, services=(Service("shop", (ServicePort(8080, "nope"),)), one.services[1]))
    assert any("no port of the container is named 'nope'" in error for error in errors(lost))


def test_services_must_lead_to_one_port() -> None:
    two = (
        Service("shop", (ServicePort(8080, 80), ServicePort(8443, 443))),
        Service("shop-preview", (ServicePort(8081, 81),)),
    )
    found = errors(evolve(rollout(), services=two))
    assert len(found) == 2
    assert "Service shop has 2 ports" in found[0]
    assert "leads to port 81 and the active Service to 80" in found[1]


def test_one_machine_has_one_layer() -> None:
    policy = RolloutPolicy(routers=(RouterSpec(), RouterSpec("istio", "mesh")))
    [error] = errors(rollout(policy=policy))
    assert error.startswith("spec.policy.routers.1: one machine has one layer, `service`; there is no 'istio'")


def test_a_declared_probe_is_the_one_that_is_used() -> None:
    probe = ProbeSpec("http://127.0.0.1:8080/who", "X-Me")
    planned, _ = plan(rollout(policy=RolloutPolicy(routers=(RouterSpec(probe=probe),))), lowest_port=1024)
    assert planned is not None
    assert planned.probe == probe


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        (":80", ("", 80)),
        ("[::1]:65535", ("::1", 65535)),
        ("localhost:1", ("localhost", 1)),
        *((text, None) for text in ("80", "::1:80", "a:b", "a:0", "a:65536", "[::1]", "unix//x:80", "{env.X}:80", "")),
    ],
)
def test_addresses_are_read_strictly(text: str, address: tuple[str, int] | None) -> None:
    assert split_address(text) == address


def test_a_pod_is_read_with_kubernetes_defaults() -> None:
    pod, found = read_pod({"spec": {"containers": [container(readinessProbe={"tcpSocket": {"port": 80}})]}})
    assert found.problems == []
    assert pod == Pod(("run",), image="shop:v1", readiness=Probe(TcpSocket(), 0, 10, 1, 1, 3), grace_s=30)


def test_a_pod_is_read_whole() -> None:
    probe = {
        "httpGet": {"path": "/ok", "port": 80, "scheme": "HTTPS", "httpHeaders": [{"name": "A", "value": "b"}]},
        "initialDelaySeconds": 1,
        "periodSeconds": 2,
        "timeoutSeconds": 3,
        "successThreshold": 4,
        "failureThreshold": 5,
    }
    box = container(
        args=["--x"], workingDir="/srv", readinessProbe=probe, lifecycle={"preStop": {"sleep": {"seconds": 6}}}
    )
    pod, found = read_pod({"spec": {"containers": [box], "terminationGracePeriodSeconds": 7}}, command=("not", "this"))
    assert found.problems == []
    assert pod == Pod(
        command=("run", "--x"),
        working_dir="/srv",
        image="shop:v1",
        readiness=Probe(HttpGet("/ok", "HTTPS", (("A", "b"),)), 1, 2, 3, 4, 5),
        pre_stop=Sleep(6),
        grace_s=7,
    )
    bare, _ = read_pod({"spec": {"containers": [{"args": ["x"]}]}}, command=("python", "app.py"))
    assert bare == Pod(("python", "app.py", "x"))
    hooked, _ = read_pod({"spec": {"containers": [container(lifecycle={"preStop": {"exec": {"command": ["x"]}}})]}})
    assert hooked is not None
    assert hooked.pre_stop == Exec(("x",))


@pytest.mark.parametrize(
    "spec",
    [
        None,
        [],
        {"containers": None},
        {"containers": "x"},
        {"containers": []},
        {"containers": [None]},
        {"containers": [container(command="run")]},
        {"containers": [container(args=[1])]},
        {"containers": [container(env={"A": "b"})]},
        {"containers": [container(env=[{"name": "A", "value": 1}])]},
        {"containers": [container(env=[{"name": "A=B", "value": "1"}])]},
        {"containers": [container(command=["a\0b"])]},
        {"containers": [container(readinessProbe=[])]},
        {"containers": [container(readinessProbe={"httpGet": {}})]},
        {"containers": [container(readinessProbe={"tcpSocket": {"port": 80}, "periodSeconds": 0})]},
        {"containers": [container(readinessProbe={"tcpSocket": {"port": 80}, "periodSeconds": True})]},
        {"containers": [container(readinessProbe={"tcpSocket": {"port": 80, "host": "example.org"}})]},
        {"containers": [container(readinessProbe={"exec": {"command": []}})]},
        {"containers": [container(lifecycle="stop")]},
        {"containers": [container(lifecycle={"preStop": {"tcpSocket": {"port": 1}}})]},
        {"containers": [container()], "terminationGracePeriodSeconds": "soon"},
        {"containers": [container()], "restartPolicy": "Never"},
        {"containers": [container()], "nonsense": 1},
    ],
)
def test_what_is_no_pod_is_a_problem_and_never_a_crash(spec: Any) -> None:
    pod, found = read_pod({"spec": spec})
    assert pod is None
    assert found.problems
