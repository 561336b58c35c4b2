/** What the zoo finds out about one model. */
export interface Result {
  readonly name: string
  readonly kind: 'classification' | 'detection' | 'segmentation' | 'generation'
  readonly parameters: number
  /** What it was given: `3 × 32 × 32`. */
  readonly input: string
  /** What it learnt from: `1200 digits, 3 epochs`. */
  readonly training: string
  /** Steps until a batch was known by heart; null where that is not asked for. */
  readonly overfitSteps: number | null
  /** Accuracy, mean average precision, mean IoU, or the judge's score. */
  readonly value: number
  /** What `value` must reach. */
  readonly goal: number
  /** The mean average precision of masks, and what it must reach; of detectors that find masks. */
  readonly maskPrecision?: number
  readonly maskPrecisionGoal?: number
  /** The mean overlap of masks, and what it must reach; of detectors that find masks. */
  readonly maskIoU?: number
  readonly maskGoal?: number
  /** Processor time of all threads, in seconds. */
  readonly cpuSeconds: number
}

/** Did it learn what it was to learn? */
export function isGood(result: Result): boolean {
  const { value, goal, overfitSteps, kind, maskIoU = 0, maskGoal = 0 } = result
  const { maskPrecision = 0, maskPrecisionGoal = 0 } = result
  if (kind === 'classification' && overfitSteps === null) return false
  return value >= goal && maskIoU >= maskGoal && maskPrecision >= maskPrecisionGoal
}

/** Runs `body`; what it gives, with the processor time that it took. */
export async function timed<T>(body: () => Promise<T>): Promise<T & { cpuSeconds: number }> {
  const before = process.cpuUsage()
  const result = await body()
  const { user, system } = process.cpuUsage(before)
  return { ...result, cpuSeconds: (user + system) / 1e6 }
}
