// `multinic plan` and `multinic apply`: what a document would change, and the change itself.
import { Command, Option } from "commander";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  ApplyVMResponseSchema,
  VirtualMachineService,
  type ApplyVMResponse,
} from "../../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { specToProto } from "../../wire/spec-to-proto.ts";
import type { VmSpec } from "../../domain/spec.ts";
import { exitCode } from "../io.ts";
import {
  namespaceOption,
  outputOption,
  serverOption,
  timeoutOption,
  type DocumentOptions,
  documentFile,
  type ServerOptions,
  withDocument,
} from "../options.ts";
import { countLine, findingLines, stops } from "../output/findings-text.ts";
import { planLines } from "../output/plan-text.ts";
import { structured } from "../output/structured.ts";
import type { Run } from "../run.ts";
import { defaultServer, unaryCall } from "../server.ts";
import { readVm, type Session } from "../session.ts";
import { waitForInterfaces } from "../wait.ts";

type PlanOptions = ServerOptions & DocumentOptions & { readonly adopt?: true };

interface ApplyOptions extends PlanOptions {
  readonly planFingerprint?: string;
  readonly wait?: true;
  readonly timeout: number;
}

export function planCommand(run: Run): Command {
  return withOptions(new Command("plan"))
    .description("tell what apply would write and what that does to a running VM; nothing is written")
    .action(
      run(async (session, file: string | undefined, options: PlanOptions) => {
        const spec = await readVm(documentFile(file, options), options, session);
        if (!spec) return exitCode.refused;
        const { adopt = false } = options;
        const request = { virtualMachine: specToProto(spec), validateOnly: true, adopt };
        const client = createClient(VirtualMachineService, session.connect(options.server));
        const answer = await client.applyVM(request, unaryCall(session.io));
        tellAnswer(answer, options, session);
        return stops(answer.findings) ? exitCode.refused : exitCode.ok;
      }),
    );
}

export function applyCommand(run: Run): Command {
  return withOptions(new Command("apply"))
    .description("make or change a VM with its networks; may be repeated, and completes what was cut off")
    .addOption(
      new Option("--plan-fingerprint <fingerprint>", "apply only this plan, as `multinic plan` told it"),
    )
    .addOption(new Option("--wait", "wait until every NIC is Up"))
    .addOption(timeoutOption("the NICs", "5m"))
    .action(
      run(async (session, file: string | undefined, options: ApplyOptions) => {
        const spec = await readVm(documentFile(file, options), options, session);
        if (!spec) return exitCode.refused;
        const transport = session.connect(options.server);
        const answer = await createClient(VirtualMachineService, transport).applyVM(
          {
            virtualMachine: specToProto(spec),
            planFingerprint: options.planFingerprint ?? "",
            adopt: options.adopt ?? false,
          },
          unaryCall(session.io),
        );
        tellAnswer(answer, options, session);
        if (stops(answer.findings)) return exitCode.refused;
        if (options.wait) await wait(spec, transport, options, session);
        return exitCode.ok;
      }),
    );
}

function withOptions(command: Command): Command {
  return withDocument(command)
    .addOption(
      new Option("--adopt", "take over the NICs of a VM that somebody else made, and nothing else of it"),
    )
    .addOption(namespaceOption())
    .addOption(serverOption().default(defaultServer))
    .addOption(outputOption());
}

function tellAnswer(answer: ApplyVMResponse, { output }: ServerOptions, session: Session): void {
  if (output !== "table") {
    session.io.stdout.write(structured(output, ApplyVMResponseSchema, answer));
    return;
  }
  if (answer.findings.length > 0) {
    session.note([...findingLines(answer.findings, session.style), countLine(answer.findings), ""]);
  }
  if (answer.plan) session.print(planLines(answer.plan, session.tables));
}

async function wait(
  spec: VmSpec,
  transport: Transport,
  { timeout }: ApplyOptions,
  session: Session,
): Promise<void> {
  const progress = (line: string): void => session.note([line]);
  if (spec.runStrategy === "Halted") {
    progress("nothing to wait for: the VM is not to run (runStrategy Halted)");
    return;
  }
  await waitForInterfaces(spec, { transport, io: session.io, timeoutMs: timeout, progress });
  progress(session.style("green", `every NIC of ${spec.namespace}/${spec.name} is as asked for`));
}
