// `multinic validate` and `multinic render`: the findings on a document, and its objects. Both write nothing.
import { Command, Option } from "commander";
import { createClient } from "@connectrpc/connect";
import { RouteOrigin } from "../../../gen/multinic/v1/network_pb.ts";
import {
  NetworkService,
  ValidateNetworksResponseSchema,
  type ValidateNetworksResponse,
} from "../../../gen/multinic/v1/network_service_pb.ts";
import { withUnread } from "../../domain/findings.ts";
import { findingToProto } from "../../wire/findings.ts";
import { specToProto } from "../../wire/spec-to-proto.ts";
import { CliError, exitCode, settingsErrorAsUsage } from "../io.ts";
import { documentFile, type DocumentOptions, outputOption, serverOption, withDocument } from "../options.ts";
import { countLine, findingLines, stops } from "../output/findings-text.ts";
import { networkLines } from "../output/networks-text.ts";
import { routeLines } from "../output/routes-text.ts";
import { structured, type OutputFormat } from "../output/structured.ts";
import { readInput } from "../read-input.ts";
import { unaryCall } from "../server.ts";
import { type Run, type Session, printFindings } from "../session.ts";

/** Options of the commands that check a document. */
export interface ValidateOptions extends DocumentOptions {
  readonly namespace: string;
  readonly output: OutputFormat;
  /** Absent: in this process, without a cluster. */
  readonly server?: string;
  readonly config?: string;
}

export function validateCommand(run: Run): Command {
  return withOptions(new Command("validate"))
    .description("check a document; print all findings, the NICs with their defaults, and the guest's routes")
    .action(
      run(async (session, file: string | undefined, options: ValidateOptions) => {
        const answer = await ask(documentFile(file, options), options, { say: session.print }, session);
        if (!answer) return exitCode.refused;
        if (options.output === "table") session.print(validationLines(answer, session));
        else session.io.stdout.write(structured(options.output, ValidateNetworksResponseSchema, answer));
        return stops(answer.findings) ? exitCode.refused : exitCode.ok;
      }),
    );
}

export function renderCommand(run: Run): Command {
  return withOptions(new Command("render"))
    .description("print the Kubernetes objects for a document, in the order in which apply writes them")
    .action(
      run(async (session, file: string | undefined, options: ValidateOptions) => {
        const answer = await ask(
          documentFile(file, options),
          options,
          { includeObjects: true, say: session.note },
          session,
        );
        if (!answer) return exitCode.refused;
        if (options.output === "table") {
          session.note(notes(answer, session));
          session.io.stdout.write(answer.objects.map(({ yaml }) => asDocument(yaml)).join("---\n"));
        } else {
          session.io.stdout.write(structured(options.output, ValidateNetworksResponseSchema, answer));
        }
        return stops(answer.findings) ? exitCode.refused : exitCode.ok;
      }),
    );
}

/** Adds those options to a command. */
export function withOptions(command: Command): Command {
  return withDocument(command)
    .addOption(
      serverOption("URL of a service, to check against its cluster; default: check without a cluster"),
    )
    .addOption(
      new Option(
        "--config <file>",
        "catalogue of physical networks to check against, YAML; not with --server",
      ),
    )
    .addOption(outputOption());
}

/** What else a command asks, and where it prints that the document cannot be read. */
export interface Question {
  readonly includeObjects?: boolean;
  /** Traffic to look up routes for, as text. */
  readonly routeQueries?: readonly { readonly address: string; readonly sourceAddress: string }[];
  readonly say: Session["print"];
}

/**
 * All findings together: those on the document's form, and those on what could be read of it. undefined when nothing could
 * be read; the reason is then printed.
 */
export async function ask(
  file: string,
  options: ValidateOptions,
  { includeObjects = false, routeQueries = [], say }: Question,
  session: Session,
): Promise<ValidateNetworksResponse | undefined> {
  const { server, config } = options;
  if (server !== undefined && config !== undefined) {
    throw new CliError(
      "--config and --server cannot be combined",
      exitCode.usage,
      "leave out --config, because the service has its own catalogue, or leave out --server and MULTINIC_SERVER",
    );
  }
  const { spec, findings } = await readInput(file, options.namespace, session.io);
  const unread = findings.map(findingToProto);
  if (!spec) {
    printFindings(unread, options.output, session, say);
    return undefined;
  }
  const transport =
    server === undefined
      ? await settingsErrorAsUsage(
          () => session.deps.offline(config === undefined ? {} : { config }),
          "correct the file, or leave out --config for the built-in catalogue",
        )
      : session.connect(server);
  const request = { virtualMachine: specToProto(spec), includeObjects, routeQueries: [...routeQueries] };
  const answer = await createClient(NetworkService, transport).validateNetworks(
    request,
    unaryCall(session.io),
  );
  return {
    ...answer,
    findings: [...withUnread(unread, answer.findings)],
    objects: stops(unread) ? [] : answer.objects,
  };
}

function validationLines(answer: ValidateNetworksResponse, session: Session): readonly string[] {
  const { networks, routes } = answer;
  const shown = routes.filter(({ origin }) => origin !== RouteOrigin.LINK_LOCAL);
  const parts = [
    notes(answer, session),
    networks.length > 0 ? networkLines(networks, session.tables) : [],
    shown.length > 0 ? routeLines(shown, session.tables) : [],
    [answer.findings.length > 0 ? countLine(answer.findings) : "no findings"],
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .flatMap((lines, part) => (part === 0 ? lines : ["", ...lines]));
}

function notes({ findings, unchecked }: ValidateNetworksResponse, { style }: Session): readonly string[] {
  return [
    ...findingLines(findings, style),
    ...unchecked.map((what) => `${style("dim", "not checked:")} ${what}`),
  ];
}

const asDocument = (yaml: string): string => `${yaml.replace(/^---\n/, "").trimEnd()}\n`;
