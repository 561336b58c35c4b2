/** npm run carvana */
import { runProgram } from '@flambeau/command-line'
import { program } from './command-line.ts'
import { PredictError } from './predict.ts'

await runProgram('carvana', program, [PredictError])
