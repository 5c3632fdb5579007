import type { Measured } from "../gateway/gateway";

/** The same measurement several times, one after the other. */
export async function sample<T>(rounds: number, measure: () => Promise<T>): Promise<T[]> {
  const samples: T[] = [];
  for (let round = 0; round < rounds; round++) samples.push(await measure());
  return samples;
}

/** Fails when a Catch node got the message: a failure is no figure. */
export function succeeded(measured: Measured): Measured {
  if (measured.failure !== undefined) throw new Error(measured.failure);
  return measured;
}
