#!/usr/bin/env node
import '../dist/doctor/main.js'
