/** npm run translate */
import { runProgram } from '@flambeau/command-line'
import { program } from './command-line.ts'

await runProgram('translate', program)
