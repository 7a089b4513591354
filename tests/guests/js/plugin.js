// A Dialgraph plugin in JavaScript: greets a customer by name, and asks first whether it may.

import { log } from 'dialgraph:plugin/log@1.0.0';
import { get } from 'dialgraph:plugin/records-read@1.0.0';

const text = (words) => ({ text: words, ssml: false, extra: [] });

export const plugin = {
  describe() {
    return {
      name: 'greeting-js',
      version: '1.0.0',
      summary: 'Greets a customer by name.',
      ports: [
        { name: 'greeted', summary: 'The customer is known and was greeted.' },
        { name: 'unknown', summary: 'There is no such customer.' },
      ],
      configSchema: JSON.stringify({ type: 'object', required: ['collection'] }),
      inputSchema: JSON.stringify({ type: 'object' }),
      outputSchema: JSON.stringify({ type: 'object', properties: { name: { type: 'string' } } }),
      extra: [['sdk', 'none']],
    };
  },

  run(invocation) {
    const config = JSON.parse(invocation.config);
    switch (invocation.event.tag) {
      case 'entered':
        if (config.fail) {
          throw { tag: 'refused', val: { code: 'told-so', message: 'It was told to fail.', extra: [] } };
        }
        if (config.crash) {
          undefined.crash();
        }
        return {
          tag: 'ask',
          val: {
            say: [text('고객 번호를 말씀해 주세요.')],
            accept: { speech: true, timeoutMs: 5000, sensitive: false, hints: [], extra: [] },
            state: JSON.stringify({ asked: Date.now(), chance: Math.random() }),
            extra: [],
          },
        };
      case 'said': {
        const found = get(config.collection, invocation.event.val.text, 'current');
        log('info', 'looked up', [['found', String(found !== undefined)]]);
        const name = found === undefined ? undefined : JSON.parse(found.data).name;
        return {
          tag: 'done',
          val: {
            port: name === undefined ? 'unknown' : 'greeted',
            output: JSON.stringify({ name, state: JSON.parse(invocation.state) }),
            say: name === undefined ? [] : [text(`${name} 님, 안녕하세요.`)],
            extra: [],
          },
        };
      }
      default:
        return { tag: 'done', val: { port: 'unknown', output: '{}', say: [], extra: [] } };
    }
  },
};
