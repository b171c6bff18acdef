// How many cases the large property suites run: a tenth in npm test, all of them in .ci/run (FC_RUNS=1).
const share = Number(process.env["FC_RUNS"] ?? "0.1");
if (!(share > 0)) throw new Error("FC_RUNS must be a number above 0, such as 1 for all cases");

/** The part of `all` cases to run. */
export const runsOf = (all: number): number => Math.ceil(all * share);
