"""A client of multinic that is written from the comments of proto/ alone.

    client.py HOST:PORT apply VM   apply this VM (JSON) and wait until every NIC is as asked
    client.py HOST:PORT follow     follow the NICs of all namespaces
Prints a JSON line for each observation.
"""

import asyncio
import json
import sys

import grpc
from google.protobuf import json_format
from multinic.v1 import interface_status_service_pb2 as status_api
from multinic.v1 import interface_status_service_pb2_grpc as status_grpc
from multinic.v1 import network_pb2, virtual_machine_pb2 as vm_types
from multinic.v1 import virtual_machine_service_pb2 as vm_api
from multinic.v1 import virtual_machine_service_pb2_grpc as vm_grpc

UP, DOWN, RESTART = vm_types.INTERFACE_STATE_UP, vm_types.INTERFACE_STATE_DOWN, vm_types.EFFECT_RESTART


def report(saw, **facts):
    print(json.dumps({"saw": saw, **facts}), flush=True)


def key_of(nic):
    return f"{nic.namespace}/{nic.vm}/{nic.nic}"


class Follower:
    """The NICs of a scope, kept current over broken streams and restarts of the service."""

    def __init__(self, channel, **scope):
        self.service = status_grpc.InterfaceStatusServiceStub(channel)
        self.scope = scope
        self.token = ""
        self.nics = {}
        self.longest_silence = self.oldest_trusted = None
        self.vanished = 0
        self.trusted = self.away = False

    def _report(self, saw):
        report(saw, known=len(self.nics), vanished=self.vanished)

    async def changes(self):
        """Yields whenever `nics` is complete and may have changed."""
        while True:
            try:
                async for _ in self._stream():
                    yield
            except asyncio.TimeoutError:
                self._report("silence")
            except grpc.aio.AioRpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE:
                    raise
                self._report("disconnected")
            await asyncio.sleep(1)

    async def _stream(self):
        request = status_api.WatchInterfaceStatusRequest(resume_token=self.token, **self.scope)
        call = self.service.WatchInterfaceStatus(request)
        snapshot = None if self.token else {}
        while True:
            message = await asyncio.wait_for(call.read(), self.longest_silence)
            if message is grpc.aio.EOF:
                return
            self.token = message.resume_token
            event = message.WhichOneof("event")
            if event == "reset":
                snapshot = {}
                self._report("reset")
            elif event == "snapshot":
                snapshot.update((key_of(nic), nic) for nic in message.snapshot.interfaces)
            elif event == "changes":
                self._take_changes(message.changes)
            elif event == "synced":
                interval = message.synced.heartbeat_interval.ToTimedelta()
                self.oldest_trusted, self.longest_silence = 2 * interval, 3 * interval.total_seconds()
                if snapshot is not None:
                    self.vanished += len(self.nics.keys() - snapshot.keys())
                    self.nics, snapshot = snapshot, None
            if event in ("synced", "heartbeat"):
                age = message.time.ToDatetime() - getattr(message, event).current_as_of.ToDatetime()
                self.trusted = age <= self.oldest_trusted
                self._report(event)
            if snapshot is None:
                self._judge_contact()
                yield

    def _take_changes(self, changes):
        for nic in changes.updated:
            self.nics[key_of(nic)] = nic
        for nic in changes.removed:
            if self.nics.pop(key_of(nic), None) is not None:
                self.vanished += 1
                self._report("removed")

    def _judge_contact(self):
        away = not self.trusted or any(nic.reason == "STALE" for nic in self.nics.values())
        if away != self.away:
            self._report("api server away" if away else "api server back")
        self.away = away


async def pending_removals(service, vm, asked):
    got = await service.GetVM(vm_api.GetVMRequest(namespace=vm.namespace, name=vm.name))
    changes = got.virtual_machine.pending_changes
    return [change.path for change in changes if change.nic and change.nic not in asked]


async def apply_and_wait(channel, vm):
    service = vm_grpc.VirtualMachineServiceStub(channel)
    applied = await service.ApplyVM(vm_api.ApplyVMRequest(virtual_machine=vm))
    report("applied", effect=vm_types.Effect.Name(applied.plan.effect))
    cut = [nic.name for nic in vm.networks if nic.link_state == network_pb2.LINK_STATE_DOWN]
    asked = {nic.name for nic in applied.networks}

    def is_as_asked(nic):
        is_settled = nic.etag == applied.etag and not nic.pending_fields and not nic.drifted_fields
        return is_settled and nic.state == (DOWN if nic.nic in cut else UP)

    follower = Follower(channel, namespaces=[vm.namespace], vm_names=[vm.name])
    reported = []
    async for _ in follower.changes():
        nics = follower.nics.values()
        are_as_asked = not follower.away and {nic.nic for nic in nics if is_as_asked(nic)} >= asked
        waiting = [nic for nic in nics if nic.etag == applied.etag and nic.pending_effect == RESTART]
        fields = sorted(field for nic in waiting for field in nic.pending_fields)
        if are_as_asked:
            fields = await pending_removals(service, vm, asked)
        if fields and fields != reported:
            report("needs restart", fields=fields)
        reported = fields
        if are_as_asked and not fields:
            report("done")
            return


async def main(address, command, document="{}"):
    async with grpc.aio.insecure_channel(address, [("grpc.max_reconnect_backoff_ms", 1000)]) as channel:
        if command == "apply":
            await apply_and_wait(channel, json_format.Parse(document, vm_types.VirtualMachine()))
        else:
            async for _ in Follower(channel).changes():
                pass


asyncio.run(main(*sys.argv[1:]))
