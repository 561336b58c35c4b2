/** npm run course */
import { runProgram } from '@flambeau/command-line'
import { program } from './command-line.ts'

await runProgram('course', program)
