// `multinic serve`: names and help of the service's options. What their values may be is the configuration's matter.
import { Command } from "commander";
import { envOption } from "../options.ts";
import type { Run } from "../run.ts";
import type { ServeOptions } from "../serve-options.ts";

export function serveCommand(run: Run): Command {
  return new Command("serve")
    .description("run the service; with --local on an embedded cluster, so that nothing else is needed")
    .addOption(
      envOption("--listen <host:port>", "API and metrics, plain text", "MULTINIC_LISTEN").default(
        "127.0.0.1:8080",
      ),
    )
    .addOption(envOption("--tls-listen <host:port>", "API and metrics over TLS", "MULTINIC_TLS_LISTEN"))
    .addOption(envOption("--tls-cert <file>", "certificate chain for --tls-listen, PEM", "MULTINIC_TLS_CERT"))
    .addOption(envOption("--tls-key <file>", "key for --tls-listen, PEM", "MULTINIC_TLS_KEY"))
    .addOption(
      envOption(
        "--kubeconfig <file>",
        "the cluster; default: as for kubectl, or the pod's service account",
        "MULTINIC_KUBECONFIG",
      ),
    )
    .addOption(envOption("--config <file>", "the physical networks, YAML", "MULTINIC_CONFIG"))
    .addOption(envOption("--local", "run an embedded cluster and use it", "MULTINIC_LOCAL").default(false))
    .addOption(
      envOption(
        "--examples",
        "apply the example documents to the embedded cluster",
        "MULTINIC_EXAMPLES",
      ).default(false),
    )
    .addOption(
      envOption(
        "--local-api-listen <host:port>",
        "Kubernetes API of the embedded cluster",
        "MULTINIC_LOCAL_API_LISTEN",
      ).default("127.0.0.1:8001"),
    )
    .addOption(
      envOption(
        "--write-kubeconfig <file>",
        "write a kubeconfig for the embedded cluster",
        "MULTINIC_WRITE_KUBECONFIG",
      ),
    )
    .addOption(
      envOption(
        "--local-delays <fast|realistic>",
        "how long the embedded cluster takes for things",
        "MULTINIC_LOCAL_DELAYS",
      ).default("fast"),
    )
    .addOption(
      envOption(
        "--virt-handler-metrics <urls>",
        "where virt-handler's counters are read, with commas between",
        "MULTINIC_VIRT_HANDLER_METRICS",
      ),
    )
    .addOption(
      envOption(
        "--log-level <level>",
        "debug, info, warn, error or silent; default info, with --examples warn",
        "MULTINIC_LOG_LEVEL",
      ),
    )
    .action(run((session, options: ServeOptions) => session.deps.serve(options)));
}
