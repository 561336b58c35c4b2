/** The messages of event files, with the fields that are used here. */
import type { Codec } from './protobuf.ts'
import { entriesOf, many, message, one } from './protobuf.ts'

/** Numbers of TensorFlow's dtypes. */
export const DT = {
  float: 1,
  double: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  half: 19,
} as const

export interface TensorShapeProto {
  dim?: { size?: number }[]
}
export const TensorShapeProto: Codec<TensorShapeProto> = message<TensorShapeProto>({
  dim: many(2, message<{ size?: number }>({ size: one(1, 'int64') })),
})

export interface TensorProto {
  dtype?: number
  tensorShape?: TensorShapeProto
  tensorContent?: Uint8Array
  floatVal?: number[]
  doubleVal?: number[]
  intVal?: number[]
  stringVal?: Uint8Array[]
  int64Val?: number[]
  boolVal?: boolean[]
  /** The bits of numbers of 16 bits. */
  halfVal?: number[]
}
export const TensorProto: Codec<TensorProto> = message<TensorProto>({
  dtype: one(1, 'int32'),
  tensorShape: one(2, TensorShapeProto),
  tensorContent: one(4, 'bytes'),
  floatVal: many(5, 'float'),
  doubleVal: many(6, 'double'),
  intVal: many(7, 'int32'),
  stringVal: many(8, 'bytes'),
  int64Val: many(10, 'int64'),
  boolVal: many(11, 'bool'),
  halfVal: many(13, 'int32'),
})

export interface HistogramProto {
  min?: number
  max?: number
  num?: number
  sum?: number
  sumSquares?: number
  bucketLimit?: ArrayLike<number>
  bucket?: ArrayLike<number>
}
const HistogramProto: Codec<HistogramProto> = message<HistogramProto>({
  min: one(1, 'double'),
  max: one(2, 'double'),
  num: one(3, 'double'),
  sum: one(4, 'double'),
  sumSquares: one(5, 'double'),
  bucketLimit: many(6, 'double'),
  bucket: many(7, 'double'),
})

export interface ImageProto {
  height?: number
  width?: number
  colorspace?: number
  encodedImageString?: Uint8Array
}
const ImageProto: Codec<ImageProto> = message<ImageProto>({
  height: one(1, 'int32'),
  width: one(2, 'int32'),
  colorspace: one(3, 'int32'),
  encodedImageString: one(4, 'bytes'),
})

export interface AudioProto {
  sampleRate?: number
  numChannels?: number
  lengthFrames?: number
  encodedAudioString?: Uint8Array
  contentType?: string
}
const AudioProto: Codec<AudioProto> = message<AudioProto>({
  sampleRate: one(1, 'float'),
  numChannels: one(2, 'int64'),
  lengthFrames: one(3, 'int64'),
  encodedAudioString: one(4, 'bytes'),
  contentType: one(5, 'string'),
})

export interface SummaryMetadata {
  pluginData?: { pluginName?: string; content?: Uint8Array }
  displayName?: string
  summaryDescription?: string
  /** 1 scalar, 2 tensor, 3 blobs. */
  dataClass?: number
}
const SummaryMetadata: Codec<SummaryMetadata> = message<SummaryMetadata>({
  pluginData: one(
    1,
    message<{ pluginName?: string; content?: Uint8Array }>({
      pluginName: one(1, 'string'),
      content: one(2, 'bytes'),
    }),
  ),
  displayName: one(2, 'string'),
  summaryDescription: one(3, 'string'),
  dataClass: one(4, 'int32'),
})

/** A value of a summary: one of simpleValue, image, histo, audio and tensor. */
export interface SummaryValue {
  tag?: string
  simpleValue?: number
  image?: ImageProto
  histo?: HistogramProto
  audio?: AudioProto
  tensor?: TensorProto
  metadata?: SummaryMetadata
}
const SummaryValue: Codec<SummaryValue> = message<SummaryValue>({
  tag: one(1, 'string'),
  simpleValue: one(2, 'float'),
  image: one(4, ImageProto),
  histo: one(5, HistogramProto),
  audio: one(6, AudioProto),
  tensor: one(8, TensorProto),
  metadata: one(9, SummaryMetadata),
})

/** A record of an event file: one of fileVersion, graphDef, summary and sessionLog. */
export interface Event {
  /** Seconds since 1970. */
  wallTime?: number
  step?: number
  fileVersion?: string
  graphDef?: Uint8Array
  summary?: { value?: SummaryValue[] }
  /** Status 1: a run began (again) at this step. */
  sessionLog?: { status?: number }
}
export const Event: Codec<Event> = message<Event>({
  wallTime: one(1, 'double'),
  step: one(2, 'int64'),
  fileVersion: one(3, 'string'),
  graphDef: one(4, 'bytes'),
  summary: one(5, message<{ value?: SummaryValue[] }>({ value: many(1, SummaryValue) })),
  sessionLog: one(7, message<{ status?: number }>({ status: one(1, 'int32') })),
})

export interface AttrValue {
  list?: { shape?: TensorShapeProto[] }
  s?: Uint8Array
  i?: number
}
const AttrValue: Codec<AttrValue> = message<AttrValue>({
  list: one(1, message<{ shape?: TensorShapeProto[] }>({ shape: many(7, TensorShapeProto) })),
  s: one(2, 'bytes'),
  i: one(3, 'int64'),
})

export interface NodeDef {
  name?: string
  op?: string
  input?: string[]
  attr?: { key?: string; value?: AttrValue }[]
}
const NodeDef: Codec<NodeDef> = message<NodeDef>({
  name: one(1, 'string'),
  op: one(2, 'string'),
  input: many(3, 'string'),
  attr: many(5, entriesOf<AttrValue>(AttrValue)),
})

export interface GraphDef {
  node?: NodeDef[]
  versions?: { producer?: number }
}
export const GraphDef: Codec<GraphDef> = message<GraphDef>({
  node: many(1, NodeDef),
  versions: one(4, message<{ producer?: number }>({ producer: one(1, 'int32') })),
})

/** A hyper-parameter's value. */
export interface JsonValue {
  numberValue?: number
  stringValue?: string
  boolValue?: boolean
}
const JsonValue: Codec<JsonValue> = message<JsonValue>({
  numberValue: one(2, 'double'),
  stringValue: one(3, 'string'),
  boolValue: one(4, 'bool'),
})

interface HParamInfo {
  name?: string
  /** 1 string, 2 boolean, 3 number. */
  type?: number
  domainDiscrete?: { values?: JsonValue[] }
}

export interface HParamsData {
  version?: number
  experiment?: {
    hparamInfos?: HParamInfo[]
    metricInfos?: { name?: { tag?: string } }[]
  }
  sessionStartInfo?: {
    hparams?: { key?: string; value?: JsonValue }[]
    startTimeSecs?: number
  }
  sessionEndInfo?: { status?: number; endTimeSecs?: number }
}
type Experiment = NonNullable<HParamsData['experiment']>
type Start = NonNullable<HParamsData['sessionStartInfo']>
type End = NonNullable<HParamsData['sessionEndInfo']>
type MetricInfo = NonNullable<Experiment['metricInfos']>[number]

/** What the plug-in `hparams` keeps within metadata. */
export const HParamsData: Codec<HParamsData> = message<HParamsData>({
  version: one(1, 'int32'),
  experiment: one(
    2,
    message<Experiment>({
      hparamInfos: many(
        4,
        message<HParamInfo>({
          name: one(1, 'string'),
          type: one(4, 'int32'),
          domainDiscrete: one(5, message<{ values?: JsonValue[] }>({ values: many(1, JsonValue) })),
        }),
      ),
      metricInfos: many(
        5,
        message<MetricInfo>({
          name: one(1, message<{ tag?: string }>({ tag: one(2, 'string') })),
        }),
      ),
    }),
  ),
  sessionStartInfo: one(
    3,
    message<Start>({
      hparams: many(1, entriesOf<JsonValue>(JsonValue)),
      startTimeSecs: one(5, 'double'),
    }),
  ),
  sessionEndInfo: one(4, message<End>({ status: one(1, 'int32'), endTimeSecs: one(2, 'double') })),
})

/** What the plug-in `pr_curves` keeps within metadata. */
export interface PrCurveData {
  version?: number
  numThresholds?: number
}
export const PrCurveData: Codec<PrCurveData> = message<PrCurveData>({
  version: one(1, 'int32'),
  numThresholds: one(2, 'int32'),
})

/** What the plug-in `mesh` keeps within metadata. */
export interface MeshData {
  version?: number
  name?: string
  contentType?: number
  jsonConfig?: string
  shape?: number[]
  components?: number
}
export const MeshData: Codec<MeshData> = message<MeshData>({
  version: one(1, 'int32'),
  name: one(2, 'string'),
  contentType: one(3, 'int32'),
  jsonConfig: one(5, 'string'),
  shape: many(6, 'int32'),
  components: one(7, 'int32'),
})

interface MarginSeries {
  value?: string
  lower?: string
  upper?: string
}
interface ChartProto {
  title?: string
  multiline?: { tag?: string[] }
  margin?: { series?: MarginSeries[] }
}
interface CategoryProto {
  title?: string
  chart?: ChartProto[]
}

/** What the plug-in `custom_scalars` reads. */
export interface LayoutProto {
  version?: number
  category?: CategoryProto[]
}
export const LayoutProto: Codec<LayoutProto> = message<LayoutProto>({
  version: one(1, 'int32'),
  category: many(
    2,
    message<CategoryProto>({
      title: one(1, 'string'),
      chart: many(
        2,
        message<ChartProto>({
          title: one(1, 'string'),
          multiline: one(2, message<{ tag?: string[] }>({ tag: many(1, 'string') })),
          margin: one(
            3,
            message<{ series?: MarginSeries[] }>({
              series: many(
                1,
                message<MarginSeries>({
                  value: one(1, 'string'),
                  lower: one(2, 'string'),
                  upper: one(3, 'string'),
                }),
              ),
            }),
          ),
        }),
      ),
    }),
  ),
})
