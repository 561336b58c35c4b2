/** What the server tells the page, as JSON. */

/** Why no runs are shown: the folder is not there, is a file, cannot be read, or has no runs. */
export type FolderState = 'runs' | 'empty' | 'missing' | 'file' | 'unreadable'

/** All runs, without what they logged. */
export interface RunsMessage {
  /** The folder, as it was given, and where it is. */
  readonly folder: string
  readonly path: string
  readonly state: FolderState
  /** What is wrong with the folder, and what to do. '' if nothing is. */
  readonly message: string
  readonly runs: readonly RunInfo[]
}

/** A run. */
export interface RunInfo {
  /** The folder, relative to that of all runs. */
  readonly name: string
  readonly scalars: readonly string[]
  /** The last value of each curve; null where it is not finite. */
  readonly last: Readonly<Record<string, number | null>>
  readonly images: readonly string[]
  readonly histograms: readonly string[]
  readonly texts: readonly string[]
  readonly hparams: Readonly<Record<string, number | string | boolean>> | null
  /** Tags of the curves that runs are compared by; [] if that was not told. */
  readonly hparamMetrics: readonly string[]
  readonly hasGraph: boolean
  /** Seconds since 1970; null before the first event. */
  readonly firstTime: number | null
  readonly lastTime: number | null
  /** Changes with everything that comes. */
  readonly version: number
  /** Changes when what was sent before is no longer so. */
  readonly generation: number
  /** What is wrong with its files. */
  readonly problems: readonly string[]
}

/** Points of a curve from the `from`-th on. */
export interface ScalarsMessage {
  readonly from: number
  readonly generation: number
  readonly steps: readonly number[]
  /** Seconds since 1970. */
  readonly times: readonly number[]
  /** Null for what is not finite. */
  readonly values: readonly (number | null)[]
}

/** An image; its bytes are at `/api/image`. */
export interface ImageInfo {
  readonly step: number
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly width: number
  readonly height: number
}

/** Histograms over the same bins. */
export interface HistogramsMessage {
  readonly low: number
  readonly high: number
  readonly steps: readonly number[]
  /** For each step, how much is in each bin. */
  readonly counts: readonly (readonly number[])[]
}

/** A text. */
export interface TextInfo {
  readonly step: number
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly text: string
}

/** A module of a model, or an operation or a parameter within one. */
export interface GraphItem {
  /** Its name within its parent. */
  readonly name: string
  /** The class of a module, or what an operation does. */
  readonly type: string
  readonly kind: 'module' | 'operation' | 'parameter'
  /** Of the output, or of the parameter; null if it is not known. */
  readonly shape: readonly number[] | null
  /** Elements of all parameters within. */
  readonly parameters: number
  /** Names of the nodes that an operation takes something from. */
  readonly inputs: readonly string[]
  readonly children: readonly GraphItem[]
}
