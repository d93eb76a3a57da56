"""The double as a process of its own, and behind TLS."""

import json
import shutil
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kube.conversation import Api, names, pods_of, told
from tests.kube.double import KubeDouble, pod

ROOT = Path(__file__).parents[2]


def test_the_double_runs_as_a_process_and_stops_on_a_signal(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(json.dumps(pod("a")))
    kubeconfig = tmp_path / "kubeconfig"
    command = [
        sys.executable,
        "-m",
        "tests.kube.double",
        "--kubeconfig",
        str(kubeconfig),
        "--apply",
        str(tmp_path / "pod.yaml"),
        "--token",
        "t",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        client = Api(kubeconfig)
        with client.http:
            listed = client.get(pods_of("default"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0

    assert url.startswith("http://127.0.0.1:")
    assert names(listed.json()) == ["a"]


def test_the_double_speaks_tls_where_it_is_given_a_certificate(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        # Nothing that we depend on makes certificates, and no other test needs one. CI has it.
        pytest.skip("needs openssl to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=double"]
    subprocess.run([openssl, *command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    with KubeDouble(tls=context) as kube:
        kube.kubectl.create(pod("a"))
        client = Api(kube.kubeconfig(tmp_path / "kubeconfig"))
        with client.http, client.watch(pods_of("default")) as events:
            assert told(next(events)) == ("ADDED", "a")
        assert kube.url.startswith("https://")
