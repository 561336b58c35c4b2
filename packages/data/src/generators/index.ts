/** Pictures that stand in for data that cannot be shipped. */
export type { CarvanaGeneratorOptions, GeneratorOptions } from './carvana.ts'
export { generateCarvana } from './carvana.ts'
export type { DetectionGeneratorOptions } from './detection.ts'
export { generateDetection } from './detection.ts'
export { generateShapes } from './shapes.ts'
