// staff-new
import './common.js';
