/** npm run detect */
import { runProgram } from '@flambeau/command-line'
import { program } from './command-line.ts'
import { FindError } from './find.ts'

await runProgram('detect', program, [FindError])
