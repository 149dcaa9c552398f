// staff
import './common.js';
