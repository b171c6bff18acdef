// `multinic delete`: deletes a VM and the objects that multinic created for it.
import { Command, Option } from "commander";
import { createClient } from "@connectrpc/connect";
import {
  DeleteVMResponseSchema,
  VirtualMachineService,
} from "../../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { exitCode } from "../io.ts";
import {
  namespaceOption,
  outputOption,
  serverOption,
  timeoutOption,
  type ServerOptions,
} from "../options.ts";
import { objectLines } from "../output/plan-text.ts";
import { structured } from "../output/structured.ts";
import type { Run } from "../session.ts";
import { defaultServer, unaryCall } from "../server.ts";
import { waitUntilGone } from "../wait.ts";

interface DeleteOptions extends ServerOptions {
  readonly dryRun?: true;
  readonly ignoreNotFound?: true;
  readonly wait?: true;
  readonly timeout: number;
}

export function deleteCommand(run: Run): Command {
  return new Command("delete")
    .description("delete a VM, and the objects that multinic created for it unless another VM uses them")
    .argument("<name>", "name of the VM")
    .addOption(namespaceOption())
    .addOption(new Option("--dry-run", "only show what would be deleted"))
    .addOption(new Option("--ignore-not-found", "succeed if there is no such VM"))
    .addOption(new Option("--wait", "wait until the VM is gone"))
    .addOption(timeoutOption())
    .addOption(serverOption().default(defaultServer))
    .addOption(outputOption())
    .action(
      run(async (session, name: string, options: DeleteOptions) => {
        const { namespace, output, timeout: timeoutMs, dryRun = false, ignoreNotFound = false } = options;
        const { io } = session;
        const transport = session.connect(options.server);
        const answer = await createClient(VirtualMachineService, transport).deleteVM(
          { namespace, name, validateOnly: dryRun, allowMissing: ignoreNotFound },
          unaryCall(io),
        );
        if (output !== "table") io.stdout.write(structured(output, DeleteVMResponseSchema, answer));
        else if (answer.objects.length > 0) session.print(objectLines(answer.objects, session.tables));
        else session.note([`${namespace}/${name} does not exist`]);
        if (options.wait && !dryRun) {
          const progress = (line: string): void => session.note([line]);
          await waitUntilGone({ namespace, name }, { transport, io, timeoutMs, progress });
          progress(`${namespace}/${name} is gone`);
        }
        return exitCode.ok;
      }),
    );
}
