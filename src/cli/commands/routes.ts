// `multinic routes`: the routing table of the guest, and where traffic to an address goes. Writes nothing.
import { Command, InvalidArgumentError, Option } from "commander";
import {
  ValidateNetworksResponseSchema,
  type ValidateNetworksResponse,
} from "../../../gen/multinic/v1/network_service_pb.ts";
import { parseIp } from "../../domain/ip.ts";
import { CliError, exitCode } from "../io.ts";
import { documentFile } from "../options.ts";
import { findingLines, stops } from "../output/findings-text.ts";
import { lookupLines, routeLines, ruleLines } from "../output/routes-text.ts";
import { structured } from "../output/structured.ts";
import type { Run, Session } from "../session.ts";
import { ask, type ValidateOptions, withOptions } from "./validate.ts";

interface RoutesOptions extends ValidateOptions {
  readonly to?: readonly string[];
  readonly from?: string;
}

export function routesCommand(run: Run): Command {
  return withOptions(new Command("routes"))
    .description("print the guest's routes, and the route that traffic to an address takes")
    .addOption(
      new Option("--to <address>", "show the route to this address; repeatable").argParser(
        (given: string, before: readonly string[] | undefined) => [...(before ?? []), address(given)],
      ),
    )
    .addOption(
      new Option(
        "--from <address>",
        "source address of that traffic, as in replies; default: the guest selects it",
      ).argParser(address),
    )
    .action(
      run(async (session, file: string | undefined, options: RoutesOptions) => {
        const { to = [], from } = options;
        if (from !== undefined && to.length === 0) {
          throw new CliError(
            "--from needs --to",
            exitCode.usage,
            "give the address that the traffic goes to",
          );
        }
        const routeQueries = to.map((address) => ({ address, sourceAddress: from ?? "" }));
        const question = { routeQueries, say: session.note };
        const answer = await ask(documentFile(file, options), options, question, session);
        if (!answer) return exitCode.refused;
        if (options.output === "table") {
          session.note(findingLines(answer.findings, session.style));
          session.print(routingLines(answer, session));
        } else {
          session.io.stdout.write(structured(options.output, ValidateNetworksResponseSchema, answer));
        }
        return stops(answer.findings) ? exitCode.refused : exitCode.ok;
      }),
    );
}

function address(given: string): string {
  const parsed = parseIp(given);
  if ("problem" in parsed) {
    throw new InvalidArgumentError(`Expected an address such as 192.0.2.1: ${parsed.problem}.`);
  }
  return parsed.value.text;
}

function routingLines(
  { routes, rules, routeLookups }: ValidateNetworksResponse,
  { tables }: Session,
): readonly string[] {
  const parts = [
    routes.length > 0 ? routeLines(routes, tables) : ["no routes"],
    rules.length > 0 ? ruleLines(rules, tables) : [],
    routeLookups.length > 0 ? lookupLines(routeLookups, tables) : [],
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .flatMap((lines, part) => (part === 0 ? lines : ["", ...lines]));
}
