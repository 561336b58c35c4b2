/** npm run sequence */
import { runProgram } from '@flambeau/command-line'
import { program } from './command-line.ts'

await runProgram('sequence', program)
