/** What the server knows, as far as the page has asked for it. */
import type { RunInfo, RunsMessage, ScalarsMessage } from '../protocol.ts'

/** A curve as far as it was sent. */
export interface Curve {
  generation: number
  /** Of the run when it was asked for last. */
  version: number
  steps: number[]
  /** Seconds since 1970. */
  times: number[]
  values: (number | null)[]
}

/** Asks the server. @throws {Error} with what it says. */
export async function ask<T>(path: string, query: Readonly<Record<string, string>>): Promise<T> {
  const answer = await fetch(`${path}?${new URLSearchParams(query)}`)
  if (answer.ok) return (await answer.json()) as T
  throw new Error(`${path}: ${await answer.text()}`)
}

/** Runs and curves. */
export class Store {
  message: RunsMessage | null = null
  readonly #curves = new Map<string, Curve>()
  /** Curves that are being fetched. */
  readonly #fetching = new Map<string, Promise<Curve>>()

  get runs(): readonly RunInfo[] {
    return this.message?.runs ?? []
  }

  /** Asks what runs there are. */
  async refresh(): Promise<void> {
    this.message = await ask<RunsMessage>('/api/runs', {})
  }

  /** A curve with all of its points. */
  curve(run: RunInfo, tag: string): Promise<Curve> {
    const key = `${run.name}\n${tag}`
    const known = this.#curves.get(key)
    if (known !== undefined && known.version === run.version) return Promise.resolve(known)
    let fetching = this.#fetching.get(key)
    if (fetching === undefined) {
      fetching = this.#extend(run, tag, key).finally(() => this.#fetching.delete(key))
      this.#fetching.set(key, fetching)
    }
    return fetching
  }

  async #extend(run: RunInfo, tag: string, key: string): Promise<Curve> {
    let curve = this.#curves.get(key)
    if (curve === undefined || curve.generation !== run.generation) {
      curve = { generation: run.generation, version: 0, steps: [], times: [], values: [] }
    }
    const from = String(curve.steps.length)
    const { version } = run
    const part = await ask<ScalarsMessage>('/api/scalars', { run: run.name, tag, from })
    const { generation } = part
    const steps = [...curve.steps, ...part.steps]
    const times = [...curve.times, ...part.times]
    const next = { generation, version, steps, times, values: [...curve.values, ...part.values] }
    this.#curves.set(key, next)
    return next
  }
}
