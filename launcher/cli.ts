import { readEnvironment } from './config/environment';
import { main } from './main';
import { runProcess } from './run-process';

/** What bin/beamlift.js loads: the only file that names this process. */
void runProcess(process, readEnvironment(), main);
