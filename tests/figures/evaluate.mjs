// Reads { module, calls: [[function, ...]] } on the standard input; see test_mathematics.py.
import { readFileSync } from 'node:fs';
