/** Changes measured in this process: `change-process.ts <URL of the manager | local>`. Tells its parent the figures. */
import { changeFigures } from './change-figures.js';
import { bareHttp, localSetting } from './setting.js';

const [url = 'local'] = process.argv.slice(2);
const setting = url === 'local' ? localSetting() : bareHttp(url);
process.send?.(await changeFigures(setting));
await setting.close();
process.disconnect?.();
