/** ONNX files from models, and modules from ONNX files. */
export type { DynamicAxes } from './export/axes.ts'
export type { ExportOptions } from './export/export.ts'
export { exportOnnx } from './export/export.ts'
