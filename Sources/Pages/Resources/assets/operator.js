// operator
import './common.js';
