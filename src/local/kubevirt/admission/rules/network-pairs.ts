// Networks and interfaces belong together by name, one to one: pkg/network/admitter/netiface.go.
import { cause, invalid } from "../cause.ts";
import { type SpecRule, interfacesAt, interfacesOf, networksOf } from "../rule.ts";

/** The positions whose name occurred before. */
function repeated(items: readonly { readonly name: string }[]): number[] {
  const seen = new Set<string>();
  return items.flatMap(({ name }, index) => {
    if (seen.has(name)) return [index];
    seen.add(name);
    return [];
  });
}

/** No two networks of one name. */
export const networkNamesAreUnique: SpecRule = ({ at, spec }) =>
  repeated(networksOf(spec)).map((index) =>
    cause(
      "FieldValueDuplicate",
      at.child("networks").index(index).child("name"),
      `Network with name ${JSON.stringify(networksOf(spec)[index]?.name)} already exists, every network must have a unique name`,
    ),
  );

/** Every network has an interface. */
export const networksHaveInterfaces: SpecRule = ({ at, spec }) => {
  const interfaces = new Set(interfacesOf(spec).map(({ name }) => name));
  return networksOf(spec).flatMap(({ name }, index) => {
    const field = at.child("networks").index(index).child("name");
    return interfaces.has(name)
      ? []
      : [cause("FieldValueRequired", field, `${field.text} '${name}' not found.`)];
  });
};

/** No two interfaces of one name. */
export const interfaceNamesAreUnique: SpecRule = ({ at, spec }) =>
  repeated(interfacesOf(spec)).map((index) =>
    cause(
      "FieldValueDuplicate",
      interfacesAt(at).index(index).child("name"),
      "Only one interface can be connected to one specific network",
    ),
  );

/** Every interface has a network. */
export const interfacesHaveNetworks: SpecRule = ({ at, spec }) => {
  const networks = new Set(networksOf(spec).map(({ name }) => name));
  return interfacesOf(spec).flatMap(({ name }, index) => {
    const field = interfacesAt(at).index(index).child("name");
    return networks.has(name) ? [] : [invalid(field, `${field.text} '${name}' not found.`)];
  });
};
