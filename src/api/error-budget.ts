// Cuts the details of an error to what fits into an answer: gRPC sends them in a header, the other protocols in a body.
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import {
  BadRequest_FieldViolationSchema,
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import { FindingSchema, FindingsSchema } from "../../gen/multinic/v1/network_pb.ts";
import { detail, type ErrorDetail } from "./transport/errors.ts";

/** Details come as base64 in one header, and gRPC clients accept 8 KiB of headers by default (gRPC core, Go: 8-16 KiB). */
const headerBytes = 4_500;
const bodyBytes = 256 * 1024;

/**
 * The error with the details that fit into the answer to a call with these headers. Findings go first, field violations last; of either list the first
 * ones stay. `Findings.omitted_count` and ErrorInfo's metadata `omittedViolations` and `omittedDetails` count the others.
 */
export function fitDetails(error: ConnectError, requestHeaders: Headers): ConnectError {
  const given = error.details.filter((one): one is ErrorDetail => "desc" in one);
  const isInHeader = /^application\/grpc(?!-web)/.test(requestHeaders.get("content-type") ?? "");
  const budget = createBudget(isInHeader ? headerBytes : bodyBytes);
  const info = valueOf(given, ErrorInfoSchema) ?? {};
  const sent: ErrorDetail[] = [];
  const omitted: Record<string, string> = {};
  budget.take(ErrorInfoSchema, info);
  const request = valueOf(given, RequestInfoSchema);
  if (request !== undefined && budget.take(RequestInfoSchema, request))
    sent.push(detail(RequestInfoSchema, request));

  const findings = valueOf(given, FindingsSchema)?.findings;
  if (findings !== undefined) {
    const fitting = budget.takeFirst(FindingSchema, findings);
    const omittedCount = findings.length - fitting.length;
    sent.push(detail(FindingsSchema, { findings: fitting, omittedCount }));
  }
  const others = given.filter(({ desc }) => !listed.has(desc.typeName));
  const fittingOthers = others.filter(({ desc, value }) => budget.take(desc, value));
  if (fittingOthers.length < others.length)
    omitted["omittedDetails"] = String(others.length - fittingOthers.length);
  sent.push(...fittingOthers);

  const violations = valueOf(given, BadRequestSchema)?.fieldViolations;
  if (violations !== undefined) {
    const fieldViolations = budget.takeFirst(BadRequest_FieldViolationSchema, violations);
    if (fieldViolations.length < violations.length)
      omitted["omittedViolations"] = String(violations.length - fieldViolations.length);
    sent.push(detail(BadRequestSchema, { fieldViolations }));
  }
  const withCounts = detail(ErrorInfoSchema, { ...info, metadata: { ...info.metadata, ...omitted } });
  return new ConnectError(error.rawMessage, error.code, error.metadata, [withCounts, ...sent], error.cause);
}

const listed = new Set<string>(
  [ErrorInfoSchema, RequestInfoSchema, FindingsSchema, BadRequestSchema].map(({ typeName }) => typeName),
);

function valueOf<Desc extends DescMessage>(
  details: readonly ErrorDetail[],
  schema: Desc,
): MessageInitShape<Desc> | undefined {
  return details.find(({ desc }) => desc.typeName === schema.typeName)?.value as
    | MessageInitShape<Desc>
    | undefined;
}

/** Tag and length of one more item. */
const frameBytes = 6;

function createBudget(bytes: number) {
  let left = bytes;
  /** False: it does not fit, and takes nothing. */
  const take = <Desc extends DescMessage>(desc: Desc, value: MessageInitShape<Desc>): boolean => {
    const needed = toBinary(desc, create(desc, value)).length + frameBytes;
    if (needed > left) return false;
    left -= needed;
    return true;
  };
  return {
    take,
    /** Those before the first that does not fit. */
    takeFirst<Desc extends DescMessage, Value extends MessageInitShape<Desc>>(
      desc: Desc,
      values: readonly Value[],
    ): Value[] {
      const end = values.findIndex((value) => !take(desc, value));
      return values.slice(0, end === -1 ? values.length : end);
    },
  };
}
