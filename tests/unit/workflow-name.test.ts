import { expect, test } from 'vitest';
import { fullName } from '../../src/dbos/workflow-name.ts';

test.each<[string, Parameters<typeof fullName>[0], string | null]>([
  ['a function of TypeScript', { name: 'order', className: '' }, 'order'],
  ['a function of any other SDK', { name: 'order', className: null, instance: null }, 'order'],
  ['a method of TypeScript', { name: 'ship', className: 'Orders' }, 'Orders.ship'],
  ['a method of Java', { name: 'process', className: 'com.example.Shop' }, 'com.example.Shop.process'],
  ['a method of Python, whose name starts with its class', { name: 'Till.close', className: 'Till' }, 'Till.close'],
  [
    'a method of a class within a function of Python',
    { name: 'make.<locals>.Till.close', className: 'make.<locals>.Till' },
    'make.<locals>.Till.close',
  ],
  ['a method that a class of Python inherits', { name: 'Base.close', className: 'Till' }, 'Till.Base.close'],
  ['a name that only starts like its class', { name: 'Tillage.close', className: 'Till' }, 'Till.Tillage.close'],
  ['a function of Go', { name: 'example.com/shop/orders.Ship', className: '' }, 'example.com/shop/orders.Ship'],
  [
    'a method of Go',
    { name: 'example.com/shop/orders.(*Shop).Ship-fm', className: 'Shop', instance: 'blue' },
    'example.com/shop/orders.(*Shop).Ship-fm (blue)',
  ],
  [
    'a method of a value of Go',
    { name: 'example.com/shop/orders.Shop.Ship-fm', className: 'Shop' },
    'example.com/shop/orders.Shop.Ship-fm',
  ],
  ['an instance', { name: 'Till.close', className: 'Till', instance: 'blue' }, 'Till.close (blue)'],
  ['the one instance without a name', { name: 'ship', className: 'Orders', instance: '' }, 'Orders.ship'],
  ['a row without a name', { name: null, className: 'Orders', instance: 'blue' }, null],
])('shows %s', (_, workflow, shown) => {
  expect(fullName(workflow)).toBe(shown);
});
