/** ONNX files from models, and modules from ONNX files. */
export { Recorder } from './trace/recorder.ts'
