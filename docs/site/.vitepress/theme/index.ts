/** The default theme, with wider code side by side and the table of names. */
import DefaultTheme from 'vitepress/theme'
import type { Theme } from 'vitepress'
import NameTable from './NameTable.vue'
import './style.css'

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('NameTable', NameTable)
  },
}

// oxlint-disable-next-line import/no-default-export -- VitePress wants it so
export default theme
