/** How busy the machine is. */
import { cpus, freemem, totalmem } from 'node:os'
import { EventLoopDelay } from './event-loop-delay.ts'

/** Load since the sample before. */
export interface SystemSample {
  /** Of this process: 100 is one core. */
  readonly cpuPercent: number
  /** Of all cores of the machine: 100 is all of them. */
  readonly machineCpuPercent: number
  /** Resident memory of this process in MB (10⁶ bytes). */
  readonly memoryMb: number
  /** Memory of the machine in use, by whatever process, in per cent. */
  readonly machineMemoryPercent: number
  /** The delay that 99 of 100 turns of the event loop stay below, in milliseconds. */
  readonly eventLoopDelayMs: number
}

function machineTimes(): { busy: number; all: number } {
  let [busy, all] = [0, 0]
  for (const { times } of cpus()) {
    const work = times.user + times.nice + times.sys + times.irq
    busy += work
    all += work + times.idle
  }
  return { busy, all }
}

/**
 * Measures the load of this process and of the machine, from one sample to the next.
 *
 * @example
 * ```ts
 * import { SystemLoad } from '@flambeau/tensorboard'
 * using load = new SystemLoad()
 * const { memoryMb, cpuPercent } = load.sample()
 * console.log(memoryMb > 10, cpuPercent >= 0) // => true true
 * ```
 */
export class SystemLoad implements Disposable {
  readonly #delay: EventLoopDelay = new EventLoopDelay()
  #time = performance.now()
  #cpu: NodeJS.CpuUsage = process.cpuUsage()
  #machine: { busy: number; all: number } = machineTimes()

  /** The load since the last sample, or since this began. */
  sample(): SystemSample {
    const now = performance.now()
    const used = process.cpuUsage(this.#cpu)
    const machine = machineTimes()
    const all = machine.all - this.#machine.all
    const sample: SystemSample = {
      cpuPercent: (used.user + used.system) / 10 / Math.max(now - this.#time, 1e-3),
      machineCpuPercent: all > 0 ? (100 * (machine.busy - this.#machine.busy)) / all : 0,
      memoryMb: process.memoryUsage.rss() / 1e6,
      machineMemoryPercent: 100 * (1 - freemem() / totalmem()),
      eventLoopDelayMs: this.#delay.percentile(99),
    }
    this.#delay.reset()
    this.#time = now
    this.#cpu = process.cpuUsage()
    this.#machine = machine
    return sample
  }

  /** Ends the measurement. */
  [Symbol.dispose](): void {
    this.#delay[Symbol.dispose]()
  }
}
