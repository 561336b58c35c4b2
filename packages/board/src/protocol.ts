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
  readonly audio: readonly string[]
  readonly prCurves: readonly string[]
  readonly embeddings: readonly EmbeddingInfo[]
  /** Charts of several curves, as they were laid out. */
  readonly customScalars: readonly CustomScalarChart[]
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

/** A chart that was laid out: of several curves, or of a value between two bounds. */
export interface CustomScalarChart {
  readonly category: string
  readonly title: string
  readonly type: 'Multiline' | 'Margin'
  readonly tags: readonly string[]
}

/** An embedding; its points are at `/api/embedding` by its place in the list. */
export interface EmbeddingInfo {
  readonly tag: string
  readonly step: number
}

/** The points of an embedding along the directions in which they differ most. */
export interface EmbeddingMessage {
  /** How many there are, and how many of them are sent. */
  readonly count: number
  /** Numbers that a point has. */
  readonly size: number
  /** For each point that is sent, its place along up to three directions. */
  readonly points: readonly (readonly number[])[]
  /** Which share of the variance each direction has. */
  readonly shares: readonly number[]
  /** Names of the columns of labels; [''] for one without a name, [] if there are none. */
  readonly header: readonly string[]
  /** For each point that is sent. */
  readonly labels: readonly (readonly string[])[]
  /** Of each point; null if there are none. The image of all is at `/api/sprite`, in rows of as many as `columns`. */
  readonly image: {
    readonly width: number
    readonly height: number
    readonly columns: number
  } | null
}

/** A precision-recall curve: a number for each threshold. */
export interface PrCurveInfo {
  readonly step: number
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly thresholds: readonly number[]
  readonly truePositives: readonly number[]
  readonly falsePositives: readonly number[]
  readonly trueNegatives: readonly number[]
  readonly falseNegatives: readonly number[]
  readonly precision: readonly number[]
  readonly recall: readonly number[]
}

/** A sound; its bytes are at `/api/sound`. */
export interface AudioInfo {
  readonly step: number
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly seconds: number
  readonly sampleRate: number
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
