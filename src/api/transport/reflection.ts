// grpc.reflection v1 and v1alpha: lets grpcurl, buf curl and Postman call the API without its .proto files.
// Protocol: https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
import {
  create,
  createRegistry,
  fromBinary,
  toBinary,
  type DescEnum,
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import {
  ServerReflection as ReflectionV1,
  ServerReflectionRequestSchema as RequestV1,
  ServerReflectionResponseSchema as ResponseV1,
  type ServerReflectionRequest,
} from "../../../gen/grpc/reflection/v1/reflection_pb.ts";
import {
  ServerReflection as ReflectionV1Alpha,
  ServerReflectionRequestSchema as RequestV1Alpha,
  ServerReflectionResponseSchema as ResponseV1Alpha,
} from "../../../gen/grpc/reflection/v1alpha/reflection_pb.ts";

type Question = ServerReflectionRequest["messageRequest"];

/** Registers both reflection services; they describe `services`, themselves, and every imported file. */
export function createReflection(services: readonly DescService[]): (router: ConnectRouter) => void {
  const answer = createAnswer([...services, ReflectionV1, ReflectionV1Alpha]);
  const reply = (request: ServerReflectionRequest) =>
    create(ResponseV1, {
      validHost: request.host,
      originalRequest: request,
      messageResponse: answer(request.messageRequest),
    });
  return (router) => {
    router.service(ReflectionV1, {
      async *serverReflectionInfo(requests) {
        for await (const request of requests) yield reply(request);
      },
    });
    router.service(ReflectionV1Alpha, {
      async *serverReflectionInfo(requests) {
        // v1 is v1alpha with another package name: the same wire format.
        for await (const request of requests) {
          const response = reply(fromBinary(RequestV1, toBinary(RequestV1Alpha, request)));
          yield fromBinary(ResponseV1Alpha, toBinary(ResponseV1, response));
        }
      },
    });
  };
}

function createAnswer(services: readonly DescService[]) {
  const files = withDependencies(services.map((service) => service.file));
  const registry = createRegistry(...files.values());

  const symbols = new Map([...registry].flatMap((type) => symbolsOf(type).map((name) => [name, type.file])));
  const extensionNumbersOf = (typeName: string): number[] =>
    [...registry].flatMap((type) =>
      type.kind === "extension" && type.extendee.typeName === typeName ? [type.number] : [],
    );

  return (question: Question) => {
    switch (question.case) {
      case "listServices":
        return {
          case: "listServicesResponse" as const,
          value: { service: services.map(({ typeName }) => ({ name: typeName })) },
        };
      case "fileByFilename":
        return fileAnswer(files.get(question.value), question.value);
      case "fileContainingSymbol":
        return fileAnswer(symbols.get(question.value), question.value);
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = question.value;
        const extendee = registry.getMessage(containingType);
        const extension = extendee && registry.getExtensionFor(extendee, extensionNumber);
        return fileAnswer(extension?.file, `${containingType} extension ${extensionNumber}`);
      }
      case "allExtensionNumbersOfType":
        if (registry.getMessage(question.value) === undefined) return notFound(question.value);
        return {
          case: "allExtensionNumbersResponse" as const,
          value: {
            baseTypeName: question.value,
            extensionNumber: extensionNumbersOf(question.value),
          },
        };
      default:
        return failure(Code.InvalidArgument, "the reflection request is empty");
    }
  };

  /** The file and all its imports, so that a client needs only one request. */
  function fileAnswer(file: DescFile | undefined, asked: string) {
    if (file === undefined) return notFound(asked);
    const fileDescriptorProto = [...withDependencies([file]).values()].map(({ proto }) =>
      toBinary(FileDescriptorProtoSchema, proto),
    );
    return { case: "fileDescriptorResponse" as const, value: { fileDescriptorProto } };
  }
}

/** The full names of a type and of its members; enum values belong to the scope around their enum. */
function symbolsOf(type: DescMessage | DescEnum | DescExtension | DescService): string[] {
  const { typeName } = type;
  switch (type.kind) {
    case "service":
      return [typeName, ...type.methods.map(({ name }) => `${typeName}.${name}`)];
    case "message":
      return [typeName, ...[...type.fields, ...type.oneofs].map(({ name }) => `${typeName}.${name}`)];
    case "enum": {
      const scope = typeName.slice(0, typeName.lastIndexOf(".") + 1);
      return [typeName, ...type.values.map(({ name }) => scope + name)];
    }
    default:
      return [typeName];
  }
}

/** The files and everything they import, each once, by file name as in an import statement. */
function withDependencies(roots: readonly DescFile[]): Map<string, DescFile> {
  const found = new Map<string, DescFile>();
  const visit = (file: DescFile): void => {
    if (found.has(file.proto.name)) return;
    found.set(file.proto.name, file);
    for (const dependency of file.dependencies) visit(dependency);
  };
  for (const root of roots) visit(root);
  return found;
}

function notFound(asked: string) {
  return failure(Code.NotFound, `not found - ${asked}`);
}

function failure(errorCode: Code, errorMessage: string) {
  return { case: "errorResponse" as const, value: { errorCode, errorMessage } };
}
