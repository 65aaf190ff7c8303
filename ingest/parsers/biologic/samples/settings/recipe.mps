EC-LAB SETTING FILE

Number of linked techniques : 2

Filename : C:\x.mps

Technique : 1
Open Circuit Voltage
tR (h:m:s)          1:00:0.0000         

Technique : 2
Cyclic Voltammetry
Ei (V)              0.000               
