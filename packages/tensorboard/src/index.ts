/** Event files of TensorBoard: written and read. */
export type { Hparams, ImageEvent, Tags } from './event-accumulator.ts'
export { EventAccumulator, isEventFile } from './event-accumulator.ts'
export type { FileProblem, PlacedEvent } from './event-file-reader.ts'
export { EventFileReader, readEvents } from './event-file-reader.ts'
export type { EventFileOptions } from './event-file-writer.ts'
export { EventFileWriter } from './event-file-writer.ts'
export { EventLoopDelay } from './event-loop-delay.ts'
export type { Bins } from './histogram.ts'
export type { Event, HistogramProto, ImageProto, SummaryValue, TensorProto } from './messages.ts'
export type { GraphNode } from './read-graph.ts'
export type {
  Histogram,
  HistogramEvent,
  ImageSize,
  ScalarEvent,
  TextEvent,
} from './read-summaries.ts'
export type { Hparam, ScalarValue } from './summaries.ts'
export type {
  Drawable,
  FigureOptions,
  HistogramOptions,
  HparamsOptions,
  ImageOptions,
  ScalarOptions,
  SummaryWriterOptions,
  When,
} from './summary-writer.ts'
export { SummaryWriter } from './summary-writer.ts'
export type { SystemSample } from './system-load.ts'
export { SystemLoad } from './system-load.ts'
