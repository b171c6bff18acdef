import { describe, it } from "vitest";
import { settingRows, settingTable } from "../../src/config/setting-table.ts";
import { readSettings, SettingsError, type SettingFlags } from "../../src/config/settings.ts";

const settingsOf = (flags: SettingFlags) => readSettings(flags, {});

describe("settings", () => {
  it("are by default those of a service on loopback, with the cluster that kubectl uses", ({ expect }) => {
    expect(settingsOf({})).toEqual({
      listen: { host: "127.0.0.1", port: 8080 },
      tls: undefined,
      kubeconfig: undefined,
      config: undefined,
      logLevel: "info",
      virtHandlerMetrics: [],
      maxCalls: 2_000,
      maxCallsPerConnection: 200,
      messageTimeoutSeconds: 10,
      virtHandlerAccess: "proxy",
      controller: false,
      leaseNamespace: undefined,
      local: false,
      examples: false,
      localApiListen: { host: "127.0.0.1", port: 8001 },
      writeKubeconfig: undefined,
      localDelays: "fast",
    });
  });

  it("with only --local are those of an embedded cluster on loopback", ({ expect }) => {
    expect(settingsOf({ local: true })).toMatchObject({
      local: true,
      localApiListen: { host: "127.0.0.1", port: 8001 },
      writeKubeconfig: undefined,
      localDelays: "fast",
      examples: false,
    });
  });

  it("log little while the examples print their progress, unless asked to", ({ expect }) => {
    expect(settingsOf({ local: true, examples: true }).logLevel).toBe("warn");
    expect(settingsOf({ local: true, examples: true, logLevel: "debug" }).logLevel).toBe("debug");
  });

  it("hold the values that were given", ({ expect }) => {
    const given: SettingFlags = {
      listen: "127.1.2.3:80",
      tlsListen: "[::1]:443",
      tlsCert: "tls.crt",
      tlsKey: "tls.key",
      config: "networks.yaml",
      logLevel: "error",
      virtHandlerMetrics: "https://one:8443/metrics,,http://two/metrics",
      maxCalls: "5000",
      maxCallsPerConnection: "100",
      messageTimeoutSeconds: "3",
      controller: true,
      leaseNamespace: "multinic",
      local: true,
      localApiListen: "localhost:0",
      writeKubeconfig: "out",
      localDelays: "realistic",
      examples: true,
    };
    expect(settingsOf(given)).toEqual({
      listen: { host: "127.1.2.3", port: 80 },
      tls: { listen: { host: "::1", port: 443 }, certFile: "tls.crt", keyFile: "tls.key" },
      kubeconfig: undefined,
      config: "networks.yaml",
      logLevel: "error",
      virtHandlerMetrics: ["https://one:8443/metrics", "http://two/metrics"],
      maxCalls: 5_000,
      maxCallsPerConnection: 100,
      messageTimeoutSeconds: 3,
      virtHandlerAccess: "proxy",
      controller: true,
      leaseNamespace: "multinic",
      local: true,
      localApiListen: { host: "localhost", port: 0 },
      writeKubeconfig: "out",
      localDelays: "realistic",
      examples: true,
    });
  });

  it("have TLS on loopback if there is a certificate", ({ expect }) => {
    const { tls } = settingsOf({ tlsCert: "c", tlsKey: "k" });
    expect(tls?.listen).toEqual({ host: "127.0.0.1", port: 8443 });
  });

  it("can listen on all addresses with a real cluster", ({ expect }) => {
    const settings = settingsOf({ kubeconfig: "k", listen: ":8080" });
    expect(settings).toMatchObject({ kubeconfig: "k", listen: { host: "::", port: 8080 }, local: false });
  });

  it("cannot be changed afterwards", ({ expect }) => {
    expect(Object.isFrozen(settingsOf({}))).toBe(true);
  });

  it.for([
    [
      "an address without port",
      { listen: "localhost" },
      '--listen (MULTINIC_LISTEN) must be HOST:PORT, such as 127.0.0.1:8080, not "localhost"',
    ],
    ["a port above 65535", { listen: "localhost:65536" }, "--listen (MULTINIC_LISTEN) must be HOST:PORT"],
    [
      "an invalid TLS address",
      { tlsListen: "8443", tlsCert: "c", tlsKey: "k" },
      "--tls-listen (MULTINIC_TLS_LISTEN) must be HOST:PORT",
    ],
    [
      "an invalid address of the embedded cluster",
      { local: true, localApiListen: "" },
      "--local-api-listen (MULTINIC_LOCAL_API_LISTEN) must be HOST:PORT",
    ],
    [
      "a certificate without key",
      { tlsCert: "c" },
      "TLS needs both --tls-cert (MULTINIC_TLS_CERT) and --tls-key (MULTINIC_TLS_KEY), each the path of a PEM file",
    ],
    [
      "a key without certificate",
      { tlsKey: "k" },
      "TLS needs both --tls-cert (MULTINIC_TLS_CERT) and --tls-key (MULTINIC_TLS_KEY)",
    ],
    [
      "a TLS address alone",
      { tlsListen: ":443" },
      "TLS needs both --tls-cert (MULTINIC_TLS_CERT) and --tls-key (MULTINIC_TLS_KEY)",
    ],
    [
      "an unknown log level",
      { logLevel: "loud" },
      '--log-level (MULTINIC_LOG_LEVEL) must be one of debug, info, warn, error, silent, not "loud"',
    ],
    [
      "unknown delays",
      { local: true, localDelays: "slow" },
      '--local-delays (MULTINIC_LOCAL_DELAYS) must be one of fast, realistic, not "slow"',
    ],
    [
      "metrics with an invalid URL",
      { virtHandlerMetrics: "node-1:8443" },
      '--virt-handler-metrics (MULTINIC_VIRT_HANDLER_METRICS) must be comma-separated http or https URLs, not "node-1:8443"',
    ],
    [
      "a namespace that cannot exist",
      { leaseNamespace: "Team_A" },
      '--lease-namespace (MULTINIC_LEASE_NAMESPACE) must be the name of a namespace, not "Team_A"',
    ],
    ["one invalid URL of several", { virtHandlerMetrics: "http://a/metrics,b" }, 'not "http://a/metrics,b"'],
    [
      "examples on a real cluster",
      { examples: true },
      "--examples (MULTINIC_EXAMPLES) works only on the embedded cluster; add --local",
    ],
    [
      "a kubeconfig to write for a real cluster",
      { writeKubeconfig: "out" },
      "--write-kubeconfig (MULTINIC_WRITE_KUBECONFIG) works only on the embedded cluster; add --local",
    ],
    [
      "a kubeconfig beside the embedded cluster",
      { local: true, kubeconfig: "in" },
      "--kubeconfig (MULTINIC_KUBECONFIG) selects a real cluster and --local (MULTINIC_LOCAL) the embedded one; leave out one of them",
    ],
    [
      "an embedded cluster for everybody",
      { local: true, localApiListen: "0.0.0.0:8001" },
      "--local-api-listen (MULTINIC_LOCAL_API_LISTEN) must be a loopback address with --local, such as 127.0.0.1:8001",
    ],
    [
      "its service for everybody",
      { local: true, listen: ":8080" },
      "--listen (MULTINIC_LISTEN) must be a loopback address with --local",
    ],
    [
      "its service for everybody over TLS",
      { local: true, tlsListen: "[::]:8443", tlsCert: "c", tlsKey: "k" },
      "--tls-listen (MULTINIC_TLS_LISTEN) must be a loopback address with --local",
    ],
  ] satisfies readonly (readonly [string, SettingFlags, string])[])(
    "that cannot be used are reported with flag and variable: %s",
    ([, raw, words], { expect }) => {
      expect(() => settingsOf(raw)).toThrow(SettingsError);
      expect(() => settingsOf(raw)).toThrow(words);
    },
  );
});

describe("the table of settings", () => {
  it("names each row like its flag in camel case, and the variable like the flag", ({ expect }) => {
    for (const [name, { flag, variable }] of settingRows) {
      const kebab = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      expect(flag.split(" ")[0]).toBe(`--${kebab}`);
      expect(variable).toBe(`MULTINIC_${kebab.replaceAll("-", "_").toUpperCase()}`);
    }
  });

  it("has a default that can be parsed, or a text for what applies without one", ({ expect }) => {
    for (const [name, { form, default: preset, otherwise }] of settingRows) {
      if (preset === undefined) expect(otherwise, name).toBeDefined();
      else expect(form.read(preset), name).toBeDefined();
    }
  });

  it("is read from the environment too; a flag wins, and an empty variable counts as unset", ({ expect }) => {
    const env = {
      MULTINIC_LISTEN: "127.0.0.1:1",
      MULTINIC_LOCAL: "TRUE",
      MULTINIC_EXAMPLES: "0",
      MULTINIC_CONFIG: "",
    };
    const listen = { host: "127.0.0.1", port: 1 };
    expect(readSettings({}, env)).toMatchObject({ listen, local: true, examples: false, config: undefined });
    expect(readSettings({ listen: "127.0.0.1:2", examples: true }, env)).toMatchObject({
      listen: { host: "127.0.0.1", port: 2 },
      examples: true,
    });
    expect(() => readSettings({}, { MULTINIC_LOCAL: "constructor" })).toThrow(
      '--local (MULTINIC_LOCAL) must be true or false, not "constructor"',
    );
  });
});

describe("HOST:PORT", () => {
  it.for([
    ["127.0.0.1:8080", "127.0.0.1", 8080],
    ["localhost:0", "localhost", 0],
    ["multinic.example:65535", "multinic.example", 65_535],
    [":8080", "::", 8080],
    ["[::1]:8080", "::1", 8080],
    ["[2001:db8::1]:80", "2001:db8::1", 80],
  ] as const)("%s is read", ([text, host, port], { expect }) => {
    expect(settingTable.listen.form.read(text)).toEqual({ host, port });
  });

  it.for([
    "",
    "8080",
    "host",
    "host:",
    "host:x",
    "host:-1",
    "host:99999",
    "::1:8080",
    "[::1]",
    "http://host:80",
    "a b:1",
  ])("%j is refused", (text, { expect }) => {
    expect(() => settingsOf({ listen: text })).toThrow(
      "--listen (MULTINIC_LISTEN) must be HOST:PORT, such as 127.0.0.1:8080, not",
    );
  });
});
