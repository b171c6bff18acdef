// Every case of every topic, in the order of the table of findings.
import { addressesCases } from "./addresses.ts";
import { adoptionCases } from "./adoption.ts";
import { attachmentCases } from "./attachment.ts";
import type { FindingCase } from "./case.ts";
import { documentCases, refusalCases } from "./document.ts";
import { guestCases, nmstateCases } from "./guest.ts";
import { inUseCases } from "./in-use.ts";
import { macCases } from "./mac.ts";
import { machineCases } from "./machine.ts";
import { nadCases } from "./nad.ts";
import { nicCases } from "./nic.ts";
import { nodeCases } from "./nodes.ts";
import { routesCases } from "./routes.ts";
import { trafficCases } from "./traffic.ts";
import { vlanAndMtuCases } from "./vlan-and-mtu.ts";

export const findingCases: readonly FindingCase[] = [
  ...documentCases,
  ...machineCases,
  ...nmstateCases,
  ...guestCases,
  ...nicCases,
  ...macCases,
  ...attachmentCases,
  ...nadCases,
  ...nodeCases,
  ...vlanAndMtuCases,
  ...addressesCases,
  ...inUseCases,
  ...routesCases,
  ...trafficCases,
  ...adoptionCases,
  ...refusalCases,
];
