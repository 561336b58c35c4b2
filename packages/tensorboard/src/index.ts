/** Event files of TensorBoard: written and read. */
export type { CustomChart, CustomLayout, CustomScalarChart } from './custom-scalars.ts'
export type { Metadata } from './embedding.ts'
export type { AudioEvent, Hparams, ImageEvent, Tags, TensorEvent } from './event-accumulator.ts'
export { EventAccumulator, isEventFile } from './event-accumulator.ts'
export type { FileProblem, PlacedEvent } from './event-file-reader.ts'
export { EventFileReader, readEvents } from './event-file-reader.ts'
export type { EventFileOptions } from './event-file-writer.ts'
export { EventFileWriter } from './event-file-writer.ts'
export { EventLoopDelay } from './event-loop-delay.ts'
export type { Bins } from './histogram.ts'
export type { Event, HistogramProto, ImageProto, SummaryValue, TensorProto } from './messages.ts'
export type { MeshEvent, MeshPart } from './mesh.ts'
export type { Numbers } from './pr-curve.ts'
export type { EmbeddingData, EmbeddingEvent } from './read-embeddings.ts'
export type { GraphNode } from './read-graph.ts'
export type {
  AudioSize,
  Histogram,
  HistogramEvent,
  ImageSize,
  PrCurveEvent,
  ScalarEvent,
  TextEvent,
} from './read-summaries.ts'
export type { Hparam, ScalarValue } from './summaries.ts'
export { SummaryWriter } from './summary-writer.ts'
export type { SystemSample } from './system-load.ts'
export { SystemLoad } from './system-load.ts'
export type {
  AudioOptions,
  BoxesOptions,
  CustomScalarsOptions,
  Drawable,
  EmbeddingOptions,
  FigureOptions,
  HistogramOptions,
  HparamsOptions,
  ImageOptions,
  MeshOptions,
  PrCurveOptions,
  ScalarOptions,
  SummaryWriterOptions,
  VideoOptions,
  When,
} from './writer-options.ts'
