// `multinic plan` and `multinic apply`: show what a document would change, and change it.
import { Command, InvalidArgumentError, Option } from "commander";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  ApplyVMResponseSchema,
  VirtualMachineService,
  type ApplyVMResponse,
} from "../../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { VirtualMachineSchema } from "../../../gen/multinic/v1/virtual_machine_pb.ts";
import { specToProto } from "../../wire/spec-to-proto.ts";
import type { VmSpec } from "../../domain/spec.ts";
import { exitCode } from "../io.ts";
import {
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
import { defaultServer, unaryCall } from "../server.ts";
import { type Run, readVm, type Session } from "../session.ts";
import { type AppliedVm, waitForInterfaces } from "../wait.ts";

interface PlanOptions extends ServerOptions, DocumentOptions {
  readonly adopt?: true;
  /** Paths of an update mask. */
  readonly only?: readonly string[];
}

interface ApplyOptions extends PlanOptions {
  readonly planFingerprint?: string;
  readonly wait?: true;
  readonly timeout: number;
}

export function planCommand(run: Run): Command {
  return withOptions(new Command("plan"))
    .description("show what apply would write, and the effect on a running VM; writes nothing")
    .action(
      run(async (session, file: string | undefined, options: PlanOptions) => {
        const spec = await readVm(documentFile(file, options), options, session);
        if (!spec) return exitCode.refused;
        const request = { ...requestOf(spec, options), validateOnly: true };
        const client = createClient(VirtualMachineService, session.connect(options.server));
        const answer = await client.applyVM(request, unaryCall(session.io));
        printAnswer(answer, options, session);
        return stops(answer.findings) ? exitCode.refused : exitCode.ok;
      }),
    );
}

export function applyCommand(run: Run): Command {
  return withOptions(new Command("apply"))
    .description("create or change a VM and its networks; if interrupted, the same command completes it")
    .addOption(
      new Option(
        "--plan-fingerprint <fingerprint>",
        "apply only if the plan still has this fingerprint (from `multinic plan`)",
      ),
    )
    .addOption(
      new Option(
        "--wait",
        "wait until every NIC is Up, or Down where the document says so, and no change is pending",
      ),
    )
    .addOption(timeoutOption())
    .action(
      run(async (session, file: string | undefined, options: ApplyOptions) => {
        const spec = await readVm(documentFile(file, options), options, session);
        if (!spec) return exitCode.refused;
        const transport = session.connect(options.server);
        const answer = await createClient(VirtualMachineService, transport).applyVM(
          { ...requestOf(spec, options), planFingerprint: options.planFingerprint ?? "" },
          unaryCall(session.io),
        );
        printAnswer(answer, options, session);
        if (stops(answer.findings)) return exitCode.refused;
        if (options.wait) await wait({ spec, etag: answer.etag }, transport, options, session);
        return exitCode.ok;
      }),
    );
}

function withOptions(command: Command): Command {
  return withDocument(command)
    .addOption(
      new Option("--adopt", "take over the NICs, and only the NICs, of a VM that multinic did not create"),
    )
    .addOption(
      new Option(
        "--only <fields>",
        "apply only these fields of the document, such as networks,cpu; the rest of an existing VM stays",
      ).argParser(maskPaths),
    )
    .addOption(serverOption().default(defaultServer))
    .addOption(outputOption());
}

/** Fields as documents spell them, as paths of an update mask. */
function maskPaths(given: string): readonly string[] {
  return given.split(",").map((text) => {
    const field = VirtualMachineSchema.fields.find(({ jsonName }) => jsonName === text.trim());
    if (field !== undefined) return field.name;
    const known = VirtualMachineSchema.fields.map(({ jsonName }) => jsonName).join(", ");
    throw new InvalidArgumentError(`There is no field ${text.trim()}; the fields are ${known}.`);
  });
}

function requestOf(spec: VmSpec, { adopt, only = [] }: PlanOptions) {
  return { virtualMachine: specToProto(spec), adopt: adopt === true, updateMask: { paths: [...only] } };
}

function printAnswer(answer: ApplyVMResponse, { output }: ServerOptions, session: Session): void {
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
  applied: AppliedVm,
  transport: Transport,
  { timeout }: ApplyOptions,
  session: Session,
): Promise<void> {
  const progress = (line: string): void => session.note([line]);
  const { spec } = applied;
  if (spec.runStrategy === "Halted") {
    progress("nothing to wait for: with runStrategy Halted the VM does not run");
    return;
  }
  await waitForInterfaces(applied, { transport, io: session.io, timeoutMs: timeout, progress });
  progress(session.style("green", `every NIC of ${spec.namespace}/${spec.name} is in the requested state`));
}
