/** ONNX files from models, and modules from ONNX files. */
export type { DynamicAxes } from './export/axes.ts'
export type { ExportOptions } from './export/export.ts'
export { exportOnnx } from './export/export.ts'
export type { AttributeValue, GraphNode, GraphValue } from './import/graph.ts'
export { OnnxGraphView } from './import/graph.ts'
export { importOnnx } from './import/import.ts'
export type { ImportOptions } from './import/module.ts'
export { OnnxModule } from './import/module.ts'
